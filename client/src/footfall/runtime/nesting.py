"""The depth of text that somebody else wrote, known before a parser recurses into it.

Parsers, the one in C included, recurse as deep as Python's recursion limit allows. Where the host raised the limit,
deep nesting would overflow the stack and crash the host.
"""

import re

_MAX_DEPTH = 64
_BRACKETS = re.compile(rb"[\[\]{}]")


def is_nested_deep(text: bytes) -> bool:
    """Whether lists and objects may be nested deeper than 64. Brackets in strings count as well."""
    depth = 0
    for bracket in _BRACKETS.findall(text):
        depth += 1 if bracket in b"[{" else -1
        if depth > _MAX_DEPTH:
            return True
    return False
