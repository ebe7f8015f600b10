"""Everything that people and programs read: pages, the JSON API, files, reports, the public page and `/mcp`.

`insight` computes answers from charts; `pages` (HTML), `api` (JSON, CSV, Parquet), `report` (terminal, Markdown, mail),
`public` (published months) and `mcp` (tools for assistants) present them; `routes` puts all addresses together, each
`gated`. Data is reached through `answer` only, and nothing here writes to the store. Used by `app`, and by `operate`
and `cli` for reports.
"""

from .gated import gated
from .routes import routes

__all__ = ["gated", "routes"]
