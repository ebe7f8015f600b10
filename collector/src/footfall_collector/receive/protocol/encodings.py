"""Content encodings, each with a limit on the decoded size and on the work: a decompression bomb ends at the limit.

A decoder takes the body, the maximum number of decoded bytes, and the maximum of decoded bytes per byte of the body (0
for none). It raises RefusedError: 400 for a damaged body, 413 for one over a limit.
"""

import binascii
import importlib
import zlib
from collections.abc import Callable
from typing import Any, cast

import zstandard
from isal import isal_zlib

from ..refusals import malformed, too_large
from . import lz_string as lz64
from .decoding_work import FREE_BYTES, PIECE, DecodingWork, decoded_too_large

# Has neither annotations nor stubs.
_brotli: Any = importlib.import_module("brotli")
_BrotliError: type[Exception] = _brotli.error
# The stubs declare a variable of type Exception; it is a class.
_IsalError: type[Exception] = cast("type[Exception]", isal_zlib.error)

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 64 << 10
_MAX_MEMBERS = 16
_MAX_PADDING = 64 << 10
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
MAX_BASE64 = 1 << 20
"""Longest base64 text. Only SDKs of old browsers send it, in small requests, and each of its steps copies the body."""
_TO_STANDARD_BASE64 = bytes.maketrans(b" -_", b"++/")

Decoder = Callable[[bytes, int, int], bytes]


def gunzip(body: bytes, max_bytes: int, ratio: int = 0) -> bytes:
    """All members of a gzip body."""
    if len(body) <= PIECE:
        # Most bodies are one small member.
        try:
            stream = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
            out = stream.decompress(body, min(max_bytes, FREE_BYTES) + 1)
        except (_IsalError, zlib.error):
            raise _damaged("gzip") from None
        if stream.eof and len(out) <= min(max_bytes, FREE_BYTES) and not stream.unused_data:
            return out
    return b"".join(_gzip_members(body, DecodingWork(max_bytes, ratio)))


def _gzip_members(body: bytes, work: DecodingWork) -> list[bytes]:
    parts: list[bytes] = []
    position = 0
    for _ in range(_MAX_MEMBERS):
        position = _inflate(body, position, work, _GZIP_WINDOW, "gzip", parts)
        # Zeros between and after members are padding.
        padding = body[position : position + _MAX_PADDING]
        position += len(padding) - len(padding.lstrip(b"\0"))
        if position == len(body):
            return parts
    raise _damaged("gzip")


def inflate(body: bytes, max_bytes: int, ratio: int = 0) -> bytes:
    """A `deflate` body: with a zlib header as in the standard, or raw as from some senders."""
    wrapped = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    parts: list[bytes] = []
    window = zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS
    if _inflate(body, 0, DecodingWork(max_bytes, ratio), window, "deflate", parts) != len(body):
        raise _damaged("deflate")
    return b"".join(parts)


def _inflate(body: bytes, position: int, work: DecodingWork, window: int, name: str, parts: list[bytes]) -> int:
    """Decode one stream, from `position`, to `parts`. Returns the position of its end."""
    stream = isal_zlib.decompressobj(wbits=window)
    try:
        while not stream.eof:
            piece = body[position : position + PIECE]
            if not piece:
                raise _damaged(name)
            work.receive(len(piece))
            out = stream.decompress(piece, work.room() + 1)
            work.produce(len(out))
            parts.append(out)
            position += len(piece)
    except (_IsalError, zlib.error):
        raise _damaged(name) from None
    work.give_back(len(stream.unused_data))
    return position - len(stream.unused_data)


def unbrotli(body: bytes, max_bytes: int, ratio: int = 0) -> bytes:
    """A `br` body."""
    stream = _brotli.Decompressor()
    work = DecodingWork(max_bytes, ratio)
    parts: list[bytes] = []
    try:
        for start in range(0, len(body), PIECE):
            piece = body[start : start + PIECE]
            work.receive(len(piece))
            out = stream.process(piece, output_buffer_limit=_CHUNK)
            while True:
                work.produce(len(out))
                parts.append(out)
                if stream.is_finished() or (stream.can_accept_more_data() and not out):
                    break
                out = stream.process(b"", output_buffer_limit=_CHUNK)
    except _BrotliError:
        raise _damaged("br") from None
    if not stream.is_finished():
        raise _damaged("br")
    return b"".join(parts)


class _CountedPieces:
    """A body as a file, from which zstd reads in small pieces."""

    def __init__(self, body: bytes, work: DecodingWork) -> None:
        self._body, self._work, self._position = body, work, 0

    def read(self, size: int = PIECE) -> bytes:
        piece = self._body[self._position : self._position + min(size, PIECE)]
        self._position += len(piece)
        self._work.receive(len(piece))
        return piece


def unzstd(body: bytes, max_bytes: int, ratio: int = 0) -> bytes:
    """A `zstd` body. The window is limited too: a frame may request gigabytes before its first byte."""
    work = DecodingWork(max_bytes, ratio)
    decompressor = zstandard.ZstdDecompressor(max_window_size=8 << 20)
    parts: list[bytes] = []
    try:
        source: Any = _CountedPieces(body, work)
        with decompressor.stream_reader(source, read_size=PIECE, read_across_frames=True) as stream:
            while out := stream.read(_CHUNK):
                work.produce(len(out))
                parts.append(out)
    except zstandard.ZstdError:
        raise _damaged("zstd") from None
    return b"".join(parts)


def unbase64(body: bytes, max_bytes: int, ratio: int = 0) -> bytes:
    """Base64 in either alphabet, padded or not. A form decoder may have replaced a plus by a space."""
    del ratio
    if len(body) > min(MAX_BASE64, 2 * max_bytes):
        raise too_large(f"The base64 text is longer than {MAX_BASE64} bytes; send JSON, or fewer events.")
    text = body.strip().rstrip(b"=").translate(_TO_STANDARD_BASE64)
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        raise _damaged("base64") from None


def unlz64(body: bytes, max_bytes: int, ratio: int = 0) -> bytes:
    """lz-string's base64 form, which old posthog-js sends."""
    del ratio
    if len(body) > lz64.MAX_TEXT:
        raise too_large(f"The lz64 text is longer than {lz64.MAX_TEXT} bytes; send JSON, or fewer events.")
    bound = min(max_bytes, lz64.MAX_DECODED)
    try:
        return lz64.decompress(body, bound)
    except lz64.DamagedError:
        raise _damaged("lz64") from None
    except lz64.TooLargeError:
        raise decoded_too_large(bound) from None


DECODERS: dict[str, Decoder] = {
    "gzip": gunzip,
    "x-gzip": gunzip,
    "gzip-js": gunzip,
    "deflate": inflate,
    "br": unbrotli,
    "zstd": unzstd,
    "base64": unbase64,
    "lz64": unlz64,
}


def _damaged(name: str) -> Exception:
    return malformed(f"The body is not valid {name}.", "bad_encoding")
