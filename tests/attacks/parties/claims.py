"""What each party can do at most, one claim a test; `make generate` writes the table of docs/threat-model.md from them.

    @at_most(Party.READER, "counts and percentiles under any filters, and no instance ID")
    def test_no_answer_has_an_instance_id(guarded: CollectorProcess) -> None:
        \"""An answer, a file or a page has an instance ID, as it was sent or as it is stored.\"""

The claim is what remains possible; the test's docstring is the fault that it would show. Every test below
tests/attacks has both.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

_Test = TypeVar("_Test", bound=Callable[..., object])
ATTACKS = Path(__file__).parents[1]
_ROOT = ATTACKS.parents[1]


class Party(Enum):
    """Who may attack, in words that follow "by"; in the order of the table."""

    NETWORK = "the network: who is on the path, or reaches the collector's port without a key or a sign-in"
    SENDER = "a sender with the public key"
    READER = "a reader: of the public page, or signed in to the dashboard, the API or `/mcp`"
    OPERATOR = "the operator of the collector's host"
    NEIGHBOUR = "a neighbour: another user of the machine"


def at_most(party: Party, claim: str) -> Callable[[_Test], _Test]:
    """Says what the decorated test shows that `party` can do at most."""
    assert claim, party

    def unchanged(test: _Test) -> _Test:
        return test

    return unchanged


@dataclass(frozen=True)
class AttackTest:
    """A test below tests/attacks.

    Attributes:
        place: `tests/attacks/….py::test_…`.
        fault: its docstring, in one line; empty where it has none.
        claims: what it shows that parties can do at most.
    """

    place: str
    fault: str
    claims: tuple[tuple[Party, str], ...]


def attack_tests() -> list[AttackTest]:
    """All tests below tests/attacks, read from their source. Raises ValueError for a claim that can't be read."""
    return [test for path in sorted(ATTACKS.rglob("test_*.py")) for test in _tests_in(path)]


def _tests_in(path: Path) -> Iterator[AttackTest]:
    place = path.relative_to(_ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            claims = tuple(_claim(each, place) for each in node.decorator_list if _is_claim(each))
            fault = " ".join((ast.get_docstring(node) or "").split())
            yield AttackTest(f"{place}::{node.name}", fault, claims)


def _is_claim(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "at_most"


def _claim(decorator: ast.expr, place: str) -> tuple[Party, str]:
    match decorator:
        case ast.Call(args=[ast.Attribute(attr=name), ast.Constant(value=str(claim))]) if name in Party.__members__:
            return Party[name], claim
    raise ValueError(f'{place}:{decorator.lineno}: write @at_most(Party.SENDER, "what it can do at most")')
