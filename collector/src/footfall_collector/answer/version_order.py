"""The order of versions: by number, a pre-release before its release; what is no version comes first."""

import re

_FORM = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(dev|alpha|beta|rc))?")
_RELEASE = 4
_TAGS = {"dev": 0, "alpha": 1, "beta": 2, "rc": 3}


def version_key(version: str) -> tuple[int, int, int, int]:
    """A sort key: `2.10.0` comes after `2.9.1`, `2.0.0-rc` before `2.0.0`, `other` before everything."""
    match = _FORM.fullmatch(version)
    if match is None:
        return (-1, 0, 0, 0)
    major, minor, patch, tag = match.groups()
    return int(major), int(minor or 0), int(patch or 0), _TAGS.get(tag, _RELEASE)


def is_version(text: object) -> bool:
    """Whether a text has a place in the order (`other` has none)."""
    return isinstance(text, str) and _FORM.fullmatch(text) is not None


def is_release(text: object) -> bool:
    """Whether a text is a version without a tag such as `-rc`."""
    return is_version(text) and "-" not in str(text)
