"""What the threat model says about how much there is to learn, counted from the kinds of the properties."""

from footfall.catalogue import (
    Amount,
    Catalogue,
    Flag,
    Identifier,
    Kind,
    ToolName,
    Version,
    Vocabulary,
    round_significant,
)
from footfall.identity.instance_id import cluster_id
from tests.attacks.parties.claims import Party, attack_tests

_ANY_UID = "00000000-0000-4000-8000-000000000000"
_BITS_PER_DIGIT = 4


def threats(catalogue: Catalogue) -> dict[str, object]:
    """The variables of the page."""
    properties = {name: p for event in catalogue.events.values() for name, p in event.properties.items()}
    digits = cluster_id(catalogue.product, _ANY_UID).partition("_")[2]
    return {
        "parties": claims_by_party(),
        "capacity": [(name, values_of(p.kind)) for name, p in {**properties, **catalogue.common}.items()],
        "id_bits": len(digits) * _BITS_PER_DIGIT,
    }


def claims_by_party() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Each party and what it can do at most: the claim, the fault that its test would show, and the test."""
    claims: dict[Party, list[tuple[str, str, str]]] = {party: [] for party in Party}
    for test in attack_tests():
        for party, claim in test.claims:
            claims[party].append((claim, test.fault, test.place))
    return [(party.value, claims[party]) for party in Party]


def values_of(kind: Kind) -> str:
    """How many values a kind admits, in a phrase."""
    match kind:
        case Vocabulary():
            return f"{len(kind.schema()['enum'])} words"
        case ToolName():
            return "the tools of the server, and `other`"
        case Identifier():
            return "the exception classes that exist in the server, and `other`"
        case Version():
            return "three numbers of at most five digits, and a tag out of four"
        case Flag():
            return "2"
        case Amount():
            return f"{len(_amounts(kind)):,} numbers of {kind.unit}"
    raise TypeError(kind)


def _amounts(kind: Amount) -> set[float]:
    """Every number that a kind can keep: two significant digits, hundredths at finest."""
    found = {0.0, round_significant(kind.maximum)}
    scale = 0.01
    while scale <= kind.maximum:
        found |= {round_significant(digits * scale) for digits in range(1, 100) if digits * scale <= kind.maximum}
        scale *= 10
    return found
