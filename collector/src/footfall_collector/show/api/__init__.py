"""The JSON API below `/api`, and charts as files.

A request goes through `routes`, which answers with the msgspec structs of `insight`, `pages`, `report` and `answers`;
`openapi` describes the same structs as an OpenAPI document, and `export` writes charts as CSV and Parquet. `segments`
is the only part that changes something. A query that can't be used is answered with 400 and one sentence. Used by
`show.routes`, `public` (for files) and the generator of the documents.
"""

from .export import as_parquet
from .routes import Api
from .segments import SEGMENTS_PATH, SegmentsApi

__all__ = ["SEGMENTS_PATH", "Api", "SegmentsApi", "as_parquet"]
