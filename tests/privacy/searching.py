"""Searches bytes for secrets in every form: plain, base64, hex, URL, JSON, digests."""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from tests.privacy.planted import LEAST, Secret

_RUNS = re.compile(rb"\x00{16,}")


@dataclass(frozen=True)
class Find:
    """A secret that was found: where, and in which form."""

    where: str
    form: str
    secret: Secret

    def __str__(self) -> str:
        return f"{self.where}: {self.secret.kind} planted in {self.secret.place}, {self.form}: {self.secret.text!r}"


def forms(mark: str) -> Iterator[tuple[str, bytes]]:
    """Everything that a text may have become, by the name of the form."""
    raw = mark.encode("utf-8", "surrogatepass")
    yield "plain", raw
    yield "folded", unicodedata.normalize("NFKC", mark).encode("utf-8", "surrogatepass")
    yield "UTF-16", mark.encode("utf-16-le", "surrogatepass")
    yield "reversed", mark[::-1].encode("utf-8", "surrogatepass")
    yield "hex", raw.hex().encode()
    yield "URL", quote(raw, safe="").encode()
    yield "form", quote_plus(raw).encode()
    yield "JSON", json.dumps(mark)[1:-1].encode()
    for skipped in range(3):
        # As a part of something longer: only the characters that do not depend on its neighbours.
        encoded = base64.b64encode(b"\0" * skipped + raw)
        inner = encoded[(0, 2, 3)[skipped] : (skipped + len(raw)) * 8 // 6]
        yield "base64", inner
        yield "base64 for URLs", inner.replace(b"+", b"-").replace(b"/", b"_")
    for name in ("md5", "sha1", "sha256"):
        digest = hashlib.new(name, raw, usedforsecurity=False).digest()
        yield name, digest.hex()[:16].encode()
        yield f"{name} as base64", base64.b64encode(digest)[:16]


class Needles:
    """The forms to search for, indexed by their first bytes.

    Args:
        secrets: the secrets whose forms are searched for.
        allowed: forms (in lower case) that are not reported.
    """

    def __init__(self, secrets: Iterable[Secret], allowed: Collection[bytes] = ()) -> None:
        self._by_head: dict[bytes, dict[bytes, tuple[str, Secret]]] = {}
        for secret in secrets:
            for mark in secret.marks:
                for form, needle in forms(mark):
                    low = needle.lower()
                    if len(low) >= LEAST and low not in allowed:
                        self._by_head.setdefault(low[:LEAST], {}).setdefault(low, (form, secret))

    def search(self, haystacks: Mapping[str, bytes]) -> list[Find]:
        """What is found where; of one secret in one place one form."""
        finds: dict[tuple[str, Secret], Find] = {}
        for where, content in haystacks.items():
            hay = _folded(content)
            # A look at every eight bytes once is far less work than thousands of needles one by one.
            heads = {hay[start : start + LEAST] for start in range(len(hay) - LEAST + 1)} & self._by_head.keys()
            for head in heads:
                for needle, (form, secret) in self._by_head[head].items():
                    if needle in hay:
                        finds.setdefault((where, secret), Find(where, form, secret))
        return list(finds.values())


def _folded(content: bytes) -> bytes:
    """Bytes to search in: lower case, without long runs of zeros, and once more without doubled backslashes."""
    low = _RUNS.sub(b"\0" * 16, content).lower()
    return low + b"\n" + low.replace(b"\\\\", b"\\") if b"\\\\" in low else low
