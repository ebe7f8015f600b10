"""`footfall-collector report`: the answers of a period as text for a terminal, Markdown, or HTML for a mail."""

from .contents import gather

__all__ = ["gather"]
