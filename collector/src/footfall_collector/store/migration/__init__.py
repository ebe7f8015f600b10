"""Copies a DuckDB store into a ClickHouse one, so that it can be broken off and begun again, and proves the copy."""

from .copy_store import migrate
from .copying import Mismatch

__all__ = ["Mismatch", "migrate"]
