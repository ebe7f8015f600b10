"""The JSON API below `/api`, and charts as files.

A request goes through `routes`, which answers with the msgspec structs of `insight`, `pages`, `report` and `answers`;
`openapi` describes the same structs as an OpenAPI document, and `export` writes charts as CSV and Parquet. `segments`
and `links` are the only parts that change something; `page_reads` says what the page of a read-only link asks for. A
query that can't be used is answered with 400 and one sentence. Used by `show.routes`, `public` (for files), `app`,
`cli` and the generator of the documents.
"""

from .export import as_parquet
from .links import LINKS_PATH, LinksApi, link_commands
from .page_reads import page_reads
from .routes import Api
from .segments import SEGMENTS_PATH, SegmentsApi

__all__ = [
    "LINKS_PATH",
    "SEGMENTS_PATH",
    "Api",
    "LinksApi",
    "SegmentsApi",
    "as_parquet",
    "link_commands",
    "page_reads",
]
