"""The checksum that ends every journal line: CRC-32 as eight hex digits over all the bytes before `,"c":`."""

from collections.abc import Sequence

from isal.isal_zlib import crc32

_MARK = b',"c":"'
_TAIL = len(_MARK) + 8 + len(b'"}')


def with_checksum(open_object: bytes) -> bytes:
    """A complete line with its newline, from the bytes of a JSON object without its closing brace."""
    return b'%b,"c":"%08x"}\n' % (open_object, crc32(open_object))


def has_valid_checksum(line: bytes) -> bool:
    """Whether a line (without its newline) is exactly as it was written."""
    body, tail = line[:-_TAIL], line[-_TAIL:]
    return len(body) > 0 and tail == b',"c":"%08x"}' % crc32(body)


def have_valid_checksums(lines: Sequence[bytes]) -> bool:
    """Whether all lines are as they were written: quicker than asking for each. There is one at least."""
    tails = [line[-_TAIL:] for line in lines]
    checksums = [crc32(line[:-_TAIL]) for line in lines]
    written = b',"c":"%08x"}' * len(lines) % tuple(checksums)
    return b"".join(tails) == written and min(map(len, lines)) > _TAIL
