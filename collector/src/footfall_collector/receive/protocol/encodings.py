"""Content encodings, each with a limit on the decoded size: a decompression bomb ends at the limit."""

import base64
import binascii
import importlib
import zlib
from collections.abc import Callable
from typing import Any, cast

import zstandard
from isal import isal_zlib

from ..refusals import malformed, too_large
from . import lz_string as lz64

# Has neither annotations nor stubs.
_brotli: Any = importlib.import_module("brotli")
_BrotliError: type[Exception] = _brotli.error
# The stubs declare a variable of type Exception; it is a class.
_IsalError: type[Exception] = cast("type[Exception]", isal_zlib.error)

GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 64 << 10
_MAX_MEMBERS = 16

Decoder = Callable[[bytes, int], bytes]


def gunzip(body: bytes, max_bytes: int) -> bytes:
    """All members of a gzip body. Raises RefusedError: 400 for a damaged one, 413 for more than `max_bytes` decoded."""
    return _inflate(body, max_bytes, 16 + zlib.MAX_WBITS, "gzip")


def inflate(body: bytes, max_bytes: int) -> bytes:
    """A `deflate` body: with a zlib header as in the standard, or raw as from some senders."""
    wrapped = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflate(body, max_bytes, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, "deflate")


def _inflate(body: bytes, max_bytes: int, window: int, name: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = body
    try:
        while rest:
            # Each member costs a copy of the rest of the body: a million empty members would never end.
            if len(parts) == _MAX_MEMBERS:
                raise _damaged(name)
            stream = isal_zlib.decompressobj(wbits=window)
            out = stream.decompress(rest, max_bytes - size + 1)
            size += len(out)
            if size > max_bytes:
                raise _bomb(max_bytes)
            if not stream.eof:
                raise _damaged(name)
            parts.append(out)
            # Only gzip has members; zeros after the last one are padding.
            rest = stream.unused_data.lstrip(b"\0") if window > zlib.MAX_WBITS else b""
    except (_IsalError, zlib.error):
        raise _damaged(name) from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unbrotli(body: bytes, max_bytes: int) -> bytes:
    """A `br` body."""
    stream = _brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        out = stream.process(body, output_buffer_limit=_CHUNK)
        while True:
            size += len(out)
            if size > max_bytes:
                raise _bomb(max_bytes)
            parts.append(out)
            if stream.is_finished():
                return b"".join(parts)
            if stream.can_accept_more_data() and not out:
                raise _damaged("br")
            out = stream.process(b"", output_buffer_limit=_CHUNK)
    except _BrotliError:
        raise _damaged("br") from None


def unzstd(body: bytes, max_bytes: int) -> bytes:
    """A `zstd` body. The window is limited too: a frame may request gigabytes before its first byte."""
    stream = zstandard.ZstdDecompressor(max_window_size=8 << 20).stream_reader(body, read_across_frames=True)
    try:
        with stream:
            out: bytes = stream.read(max_bytes + 1)
            rest = stream.read(1) if len(out) <= max_bytes else b"."
    except zstandard.ZstdError:
        raise _damaged("zstd") from None
    if len(out) > max_bytes or rest:
        raise _bomb(max_bytes)
    return out


def unbase64(body: bytes, max_bytes: int) -> bytes:
    """Base64 in either alphabet, padded or not. A form decoder may have replaced a plus by a space."""
    if len(body) > 2 * max_bytes:
        raise _bomb(max_bytes)
    text = body.strip().replace(b" ", b"+").translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _damaged("base64") from None


def unlz64(body: bytes, max_bytes: int) -> bytes:
    """lz-string's base64 form, which old posthog-js sends."""
    try:
        return lz64.decompress(body, max_bytes)
    except lz64.DamagedError:
        raise _damaged("lz64") from None
    except lz64.TooLargeError:
        raise _bomb(max_bytes) from None


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


def _bomb(max_bytes: int) -> Exception:
    return too_large(f"The body is larger than {max_bytes} bytes once decoded; send fewer events.", "decoded_too_large")
