"""What people and programs see: pages, the JSON API, files, the public page, reports and `/mcp`.

`insight` turns charts into sentences, tiles and comparisons; the other folders show them. Data is reached through
`answer` only. `routes` lists every address.
"""

from .routes import routes

__all__ = ["routes"]
