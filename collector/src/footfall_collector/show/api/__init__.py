"""The JSON API: `routes` answers, `openapi` describes it, `export` writes charts as CSV and Parquet."""

from .routes import Api

__all__ = ["Api"]
