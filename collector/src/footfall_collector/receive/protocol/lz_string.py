"""Decoder of lz-string's `compressToBase64`: an LZ78 stream of 16-bit characters, packed six bits to a letter.

The first code has two bits; each time the dictionary reaches a power of two, codes get one bit more. Codes 0 and 1
announce a new character of 8 or 16 bits, 2 ends the stream, the others name entries of the dictionary.
"""

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BITS = {letter: f"{value:06b}" for value, letter in enumerate(_ALPHABET)}
_WIDTHS = {0: 8, 1: 16}
_END = 2

MAX_TEXT = 256 << 10
"""Longest text that is decoded. Only SDKs of old browsers send it, in small requests, and decoding is slow."""


class DamagedError(Exception):
    """The text is not an lz-string stream."""


class TooLargeError(Exception):
    """The text, or the text decoded from it, is too long."""


class _CodeStream:
    """The stream as numbers, each with its lowest bit first."""

    def __init__(self, text: bytes) -> None:
        try:
            self._bits = "".join([_BITS[letter] for letter in text])
        except KeyError:
            raise DamagedError from None
        self._position = 0

    def next(self, width: int) -> int:
        bits = self._bits[self._position : self._position + width]
        if len(bits) < width:
            raise DamagedError
        self._position += width
        return int(bits[::-1], 2)


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
    first = codes.next(2)
    if first == _END:
        return []
    if first not in _WIDTHS:
        raise DamagedError
    before = chr(codes.next(_WIDTHS[first]))
    entries = ["", "", "", before]
    words, size = [before], 1
    width, room = 3, 4
    while True:
        code = codes.next(width)
        if code == _END:
            return words
        if code in _WIDTHS:
            entries.append(chr(codes.next(_WIDTHS[code])))
            code = len(entries) - 1
            width, room = _after_entry(width, room)
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
        width, room = _after_entry(width, room)


def _after_entry(width: int, room: int) -> tuple[int, int]:
    """The width of codes and the room left after one more entry."""
    return (width, room - 1) if room > 1 else (width + 1, 1 << width)
