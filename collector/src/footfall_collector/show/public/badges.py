"""Badges to embed: a label and a number as a small SVG that loads nothing."""

from markupsafe import escape

_WIDE, _NARROW, _USUAL = 9.2, 3.8, 6.7
_WIDE_LETTERS, _NARROW_LETTERS = "mwMW%@", "ijlftrI.,:'| "
_PADDING = 10


def badge(label: str, text: str) -> str:
    left, right = (round(_width(part)) + 2 * _PADDING for part in (label, text))
    name = escape(f"{label}: {text}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{name}">'
        f"<title>{name}</title>"
        f'<rect width="{left + right}" height="20" rx="4" fill="#3f4654"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z" fill="#4f46e5"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(text)}</text></g></svg>'
    )


def _width(text: str) -> float:
    return sum(_WIDE if c in _WIDE_LETTERS else _NARROW if c in _NARROW_LETTERS else _USUAL for c in text)
