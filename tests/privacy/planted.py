"""Secrets to plant: generated for every run, each by its kind and sometimes disguised, with their places."""

import base64
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from hypothesis import strategies as st

LEAST = 8
"""Characters by which a secret can be recognised without taking chance for a find."""


@dataclass(frozen=True)
class Secret:
    """A text that is planted at a place. `marks` are its parts, of LEAST characters or more, that betray it."""

    place: str
    kind: str
    text: str
    marks: tuple[str, ...]


Made = tuple[str, tuple[str, ...]]
"""A text and the parts of it that betray it."""


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("bcdfghjklmnprstvz") + rng.choice("aeiou") for _ in range(5)) + rng.choice("kxz")


def _name(rng: random.Random) -> Made:
    first, last = _word(rng), _word(rng)
    return f"{first.title()} {last.title()}", (first, last)


def _mail(rng: random.Random) -> Made:
    one, two, three = _word(rng), _word(rng), _word(rng)
    return f"{one}.{two}@{three}.example", (one, two, three)


def _key(rng: random.Random) -> Made:
    body = "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", k=36))
    return rng.choice(["sk-ant-api03-", "ghp_", "AKIA", "phx_", "eyJhbGciOiJSUzI1NiJ9."]) + body, (body,)


def _address(rng: random.Random) -> Made:
    if rng.random() < 0.5:
        text = ".".join(str(rng.randint(101, 254)) for _ in range(4))
    else:
        text = "fd" + ":".join(f"{rng.randint(0x1000, 0xFFFF):04x}" for _ in range(8))[2:]
    return text, (text,)


def _path(rng: random.Random) -> Made:
    one, two = _word(rng), _word(rng)
    return rng.choice([f"/home/{one}/{two}.yaml", f"C:\\Users\\{one}\\{two}.json"]), (one, two)


def _uuid(rng: random.Random) -> Made:
    made = uuid.UUID(int=rng.getrandbits(128), version=4)
    return str(made), (str(made), made.hex)


def _identifier(rng: random.Random) -> Made:
    word = _word(rng)
    return rng.choice([f"Customer_{word}", f"{word}Error", f"get_{word}"]), (word,)


def _version(rng: random.Random) -> Made:
    one, two = _word(rng), _word(rng)
    return f"1.{rng.randint(0, 99)}.3-{one}+{two}", (one, two)


def _sentence(rng: random.Random) -> Made:
    one, two = _word(rng), _word(rng)
    return f"please delete {one} in the namespace {two}", (one, two)


def _number(rng: random.Random) -> Made:
    text = "".join(rng.choices("123456789", k=16))
    return text, (text,)


def _sender(rng: random.Random) -> Made:
    text = ".".join(["127", *(str(rng.randint(101, 254)) for _ in range(3))])
    return text, (text,)


KINDS: dict[str, Callable[[random.Random], Made]] = {
    "name": _name,
    "e-mail": _mail,
    "key": _key,
    "address": _address,
    "path": _path,
    "uuid": _uuid,
    "identifier": _identifier,
    "version": _version,
    "sentence": _sentence,
    "number": _number,
    "sender": _sender,
}

_WIDE = {i: i + 0xFEE0 for i in range(0x21, 0x7F)}
_CYRILLIC = str.maketrans("aeocpxyiABEKMHOPCTX", "аеосрхуіАВЕКМНОРСТХ")  # noqa: RUF001 - look-alikes are the point

DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "url": lambda text: quote(text, safe=""),
    "json": json.dumps,
    "full width": lambda text: text.translate(_WIDE),
    "cyrillic": lambda text: text.translate(_CYRILLIC),
    "zero width": "\u200b".join,
}
ASCII = ("plain", "upper case", "base64", "hex", "url")
NAMES = ("name", "e-mail", "uuid", "identifier", "address")


@dataclass(frozen=True)
class Place:
    """Somewhere to plant: what is always planted there by kind, and with which disguises more may come."""

    name: str
    what: str
    kinds: tuple[str, ...] = tuple(KINDS)
    disguises: tuple[str, ...] = tuple(DISGUISES)
    more: int = 2


def make(place: str, number: int, kind: str, disguise: str, seed: int) -> Secret:
    """The secret with this number at a place: deterministic for a seed, and unique."""
    text, marks = KINDS[kind](random.Random(f"{seed}/{place}/{number}"))
    hide = DISGUISES[disguise]
    hidden = hide(text)
    found = {*marks, hidden, *(hide(mark) for mark in marks)}
    return Secret(place, kind, hidden, tuple(sorted(mark for mark in found if len(mark) >= LEAST)))


class Plan:
    """All secrets of one run, by place."""

    def __init__(self, secrets: dict[str, tuple[Secret, ...]], seed: int) -> None:
        self.secrets = secrets
        self.seed = seed

    def texts(self, place: str) -> list[str]:
        """What is planted at a place."""
        return [secret.text for secret in self.secrets[place]]

    def one(self, place: str) -> str:
        """The first of a place."""
        return self.texts(place)[0]

    def all(self) -> list[Secret]:
        """Every secret."""
        return [secret for found in self.secrets.values() for secret in found]

    def __repr__(self) -> str:
        return f"Plan({len(self.all())} secrets, seed={self.seed})"


def plan_of(places: tuple[Place, ...], seed: int, more: dict[str, list[tuple[str, str]]]) -> Plan:
    """A plan: at each place one secret of each of its kinds, plain, and `more`, each by kind and disguise."""
    return Plan(
        {
            place.name: tuple(
                make(place.name, number, kind, disguise, seed)
                for number, (kind, disguise) in enumerate(
                    [(kind, "plain") for kind in place.kinds] + more.get(place.name, [])
                )
            )
            for place in places
        },
        seed,
    )


@st.composite
def plans(draw: st.DrawFn, places: tuple[Place, ...]) -> Plan:
    """Plans: the seed and what comes on top of each place's own kinds are Hypothesis's to choose."""
    seed = draw(st.integers(0, 2**48))
    more = {
        place.name: draw(
            st.lists(
                st.tuples(st.sampled_from(place.kinds), st.sampled_from(place.disguises)),
                min_size=min(1, place.more),
                max_size=place.more,
            )
        )
        for place in places
    }
    return plan_of(places, seed, more)
