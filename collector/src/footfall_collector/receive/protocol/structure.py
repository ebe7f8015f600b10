"""The structure of a JSON text, counted before it is parsed: one linear pass in C, which makes no object.

Parsing allocates for each element, and reads structure far more slowly than the inside of a string. The number of
structural bytes is an upper bound of both, and it may not exceed what a batch of events of the largest size needs. It
includes those inside strings.
"""

from ..refusals import RefusedError, too_large

SMALL_TEXT = 64 << 10
"""A text up to this size can't hold enough structure to take long."""
_PIECE = 256 << 10
_COUNTED = b",{[\\ \t\r\n"
_OTHERS = bytes(set(range(256)) - set(_COUNTED))
_TO_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS = b"0" * 65
_VALUES_PER_EVENT = 24
_CONTAINERS_PER_EVENT = 8
_MIN_VALUES = 100_000
_MIN_CONTAINERS = 20_000
_MAX_ESCAPES = 256 << 10
_MAX_SPACES = 256 << 10
_CHARACTERS_PER_SPACE = 4


def check_structure(text: bytes, max_events: int) -> None:
    """Raises RefusedError (413) for a text with more structure than a batch of `max_events` events."""
    if len(text) <= SMALL_TEXT:
        return
    max_values = max(_MIN_VALUES, _VALUES_PER_EVENT * max_events)
    max_containers = max(_MIN_CONTAINERS, _CONTAINERS_PER_EVENT * max_events)
    values = containers = escapes = spaces = 0
    # In pieces: hostile texts are refused after the first ones, and other threads run between them.
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        if _MANY_DIGITS in piece.translate(_TO_ZEROS):
            # A parser needs a time for a number that grows with the square of its length.
            raise too_large("The body holds a number of too many digits.", "batch_too_large")
        counted = piece.translate(None, _OTHERS)
        commas, opened = counted.count(b","), counted.count(b"{") + counted.count(b"[")
        backslashes = counted.count(b"\\")
        values += commas
        containers += opened
        escapes += backslashes
        spaces += len(counted) - commas - opened - backslashes
        if values > max_values or containers > max_containers:
            raise too_large("The body holds more values than a batch of events can; send fewer.", "batch_too_large")
        if escapes > _MAX_ESCAPES or spaces > max(_MAX_SPACES, len(text) // _CHARACTERS_PER_SPACE):
            raise _padded()


def _padded() -> RefusedError:
    return too_large("The body holds more escapes or white space than events need; send them unescaped.", "padded_body")
