"""Decoder of lz-string's `compressToBase64`: an LZ78 stream of 16-bit characters, packed six bits to a letter.

The first code has two bits; each time the dictionary reaches a power of two, codes get one bit more. Codes 0 and 1
announce a new character of 8 or 16 bits, 2 ends the stream, the others name entries of the dictionary.
"""

import binascii

_WIDTHS = {0: 8, 1: 16}
_END = 2

MAX_TEXT = 32 << 10
"""Longest text that is decoded. Only SDKs of old browsers send it, in small requests, and decoding is slow."""
MAX_DECODED = 1 << 20
"""Longest decoded text. The dictionary repeats it in memory."""


class DamagedError(Exception):
    """The text is not an lz-string stream."""


class TooLargeError(Exception):
    """The text, or the text decoded from it, is too long."""


class _CodeStream:
    """The stream as numbers, each with its lowest bit first."""

    def __init__(self, text: bytes) -> None:
        padded = text + b"A" * (-len(text) % 4)
        try:
            number = int.from_bytes(binascii.a2b_base64(padded, strict_mode=True), "big")
        except binascii.Error:
            raise DamagedError from None
        # Reversed, so that a slice of it is a number as it stands.
        self._bits = f"{number:0{6 * len(padded)}b}"[: 6 * len(text)][::-1]
        self._end = len(self._bits)

    def next(self, width: int) -> int:
        end = self._end
        start = self._end = end - width
        if start < 0:
            raise DamagedError
        return int(self._bits[start:end], 2)


def decompress(text: bytes, max_size: int) -> bytes:
    """The decoded text as UTF-8. Raises DamagedError, or TooLargeError above `max_size` characters or bytes."""
    text = text.strip().replace(b" ", b"+").rstrip(b"=")
    if len(text) > MAX_TEXT:
        raise TooLargeError
    # JavaScript's characters are UTF-16 units; a pair of surrogates is one character here.
    units = "".join(_words(_CodeStream(text), max_size)).encode("utf-16-le", "surrogatepass")
    try:
        out = units.decode("utf-16-le").encode()
    except UnicodeDecodeError:
        raise DamagedError from None
    if len(out) > max_size:
        raise TooLargeError
    return out


def _words(codes: _CodeStream, max_size: int) -> list[str]:
    next_code = codes.next
    first = next_code(2)
    if first == _END:
        return []
    if first not in _WIDTHS:
        raise DamagedError
    before = chr(next_code(_WIDTHS[first]))
    entries = ["", "", "", before]
    words, size = [before], 1
    width, room = 3, 4
    while True:
        code = next_code(width)
        if code <= _END:
            if code == _END:
                return words
            entries.append(chr(next_code(_WIDTHS[code])))
            code = len(entries) - 1
            width, room = (width, room - 1) if room > 1 else (width + 1, 1 << width)
        if code < len(entries):
            word = entries[code]
        elif code == len(entries):
            word = before + before[0]
        else:
            raise DamagedError
        words.append(word)
        size += len(word)
        if size > max_size:
            raise TooLargeError
        entries.append(before + word[0])
        before = word
        # The dictionary has one more entry.
        width, room = (width, room - 1) if room > 1 else (width + 1, 1 << width)
