"""What is never sent. For a product with events of its own, only what the kinds of their properties rule out."""

from dataclasses import dataclass

from ...catalogue import Catalogue, Identifier, Property
from .tables import code, sent

NEVER_COLLECTED = (
    "queries, prompts or intents, and the arguments and results of tools",
    "names of clusters, namespaces or resources, and what the resources hold",
    "keys, tokens or credentials (the client checks whether a variable is set, and never reads its value)",
    "IP addresses or location",
    "error messages or stack traces",
    "names, e-mail addresses, host names, paths, or any other personal data",
)
"""True for the five events, whatever a server does."""

_NEVER_IN_OWN_EVENTS = (
    "free text: queries, prompts, results, error messages or stack traces",
    "IP addresses, e-mail addresses, paths or URLs, unless a word of a list or the name of a registered tool is one",
    "exact amounts: of each only two significant digits are left",
)
"""True for every event of every product, because no kind of property holds it."""


@dataclass(frozen=True)
class OwnEvents:
    """What a product adds to the five events.

    Attributes:
        names: its own events.
        properties: the properties that it adds, each as `event.property`.
    """

    names: tuple[str, ...]
    properties: dict[str, Property]

    def __bool__(self) -> bool:
        return bool(self.names or self.properties)


def own_events(catalogue: Catalogue) -> OwnEvents:
    """The events and properties of a catalogue that not every product has."""
    properties = {
        f"{event.name}.{name}": p
        for event in (*catalogue.own_events, *catalogue.extra_events())
        for name, p in sent(event.properties).items()
    }
    return OwnEvents(tuple(event.name for event in catalogue.own_events), properties)


def never_sent(catalogue: Catalogue) -> str:
    """The end of the list of what is collected: that it is complete, and what is not in it."""
    own = own_events(catalogue)
    if not own:
        return f"That list is complete: nothing else is sent. Never collected:\n\n{_list(NEVER_COLLECTED)}"
    parts = [
        "That list is complete: nothing else is sent. No event can hold:",
        _list(_NEVER_IN_OWN_EVENTS),
        f"Apart from what {catalogue.product} adds ({_names(own)}), Footfall never collects:",
        _list(NEVER_COLLECTED),
    ]
    return "\n\n".join([*parts, _limits_of(catalogue.product, own)])


def _names(own: OwnEvents) -> str:
    extra = [name for name in own.properties if name.split(".")[0] not in own.names]
    return ", ".join(code(name) for name in (*own.names, *extra))


def _limits_of(product: str, own: OwnEvents) -> str:
    """What the product's own code can put into its events."""
    text = (
        f"The code of {product} decides what it adds, within the limits of each property. A value can say something "
        "about what a tool was called with: at most a word of a list that is printed here, a rounded number, a "
        "version, or yes or no."
    )
    unlisted = [code(name) for name, p in own.properties.items() if isinstance(p.kind, Identifier)]
    if unlisted:
        text += (
            f" The texts of {', '.join(unlisted)} are in no list: each is at most 64 letters, digits and `_`, which "
            f"the code of {product} chooses."
        )
    return text


def _list(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {item}{'.' if item is items[-1] else ';'}" for item in items)
