"""`footfall-collector report`: the answers of a period for a terminal, as Markdown, or as HTML for a mail.

`contents` collects the answers of all pages into one `Report`; `terminal`, `markdown` and `html` write it, with the
numbers and sentences of `formatting`. Every format has the same numbers. Used by `api` and `mcp` (contents only), by
`operate`, and by `cli`, which imports a format's module when it writes it.
"""

from .contents import Report, build_report

__all__ = ["Report", "build_report"]
