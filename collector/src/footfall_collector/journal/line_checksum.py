"""The checksum that ends every journal line: CRC-32 as eight hex digits over all the bytes before `,"c":`."""

from zlib import crc32

_MARK = b',"c":"'
_TAIL = len(_MARK) + 8 + len(b'"}')


def with_checksum(open_object: bytes) -> bytes:
    """A complete line with its newline, from the bytes of a JSON object without its closing brace."""
    return b'%b,"c":"%08x"}\n' % (open_object, crc32(open_object))


def has_valid_checksum(line: bytes) -> bool:
    """Whether a line (without its newline) is exactly as it was written."""
    body, tail = line[:-_TAIL], line[-_TAIL:]
    return len(body) > 0 and tail == b',"c":"%08x"}' % crc32(body)
