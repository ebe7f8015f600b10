"""The store that the settings name."""

from collections.abc import Mapping

from footfall.catalogue import Catalogue

from ..journal import SegmentChecksums
from ..runtime import Settings, SettingsError, Status
from .duckdb import DuckStore
from .interface import Store, StoreError

DUCKDB = "duckdb"


def open_store(
    settings: Settings,
    catalogues: Mapping[str, Catalogue],
    status: Status,
    pepper: str,
    checksums: SegmentChecksums | None = None,
) -> Store:
    """The store, ready for the loader.

    `pepper` is the fingerprint of the key that instances are hashed with; `checksums` are the journal writer's.

    Raises:
        SettingsError: the setting `store` can't be read.
        StoreError: the store can't be used.
    """
    if settings.store == DUCKDB:
        memory, threads = settings.store_memory, settings.store_threads
        return DuckStore(settings.data, catalogues, memory, threads, status=status, pepper=pepper, checksums=checksums)
    # Its driver costs 24 MiB and 0.1 s, which a collector with the default store need not have.
    from .clickhouse.address import parse
    from .clickhouse.store import ClickHouseStore

    try:
        address = parse(settings.store, settings.store_password)
    except StoreError as error:
        raise SettingsError(str(error)) from None
    return ClickHouseStore(settings.data, catalogues, address, status=status, pepper=pepper)
