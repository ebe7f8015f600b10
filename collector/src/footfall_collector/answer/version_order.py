"""The one order of versions: by number, then dev < alpha < beta < rc < release; what is not a version comes first.

Missing parts count as zero, so `2`, `2.0` and `2.0.0` are equal.
"""

import re

_VERSION = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(dev|alpha|beta|rc))?")
_TAGS = {"dev": 0, "alpha": 1, "beta": 2, "rc": 3}
_RELEASE = 4


def version_key(version: str) -> tuple[int, int, int, int]:
    """A sort key: `2.10.0` comes after `2.9.1`, `2.0.0-rc` before `2.0.0`, and `other` before every version."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (-1, 0, 0, 0)
    major, minor, patch, tag = match.groups()
    return int(major), int(minor or 0), int(patch or 0), _TAGS.get(tag, _RELEASE)


def is_version(text: object) -> bool:
    """Whether a text has a place in the order; `other` has none."""
    return isinstance(text, str) and _VERSION.fullmatch(text) is not None


def is_release(text: object) -> bool:
    """Whether a text is a version without a tag such as `-rc`."""
    return is_version(text) and "-" not in str(text)
