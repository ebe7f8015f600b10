"""Opens the store that the setting `store` names."""

import importlib.util
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
    """Open the store for the loader.

    `pepper` is the fingerprint of the key that instances are hashed with; `checksums` are the journal writer's.

    Raises:
        SettingsError: the setting `store` can't be read, or the driver of its engine is not installed.
        StoreError: the store can't be used.
    """
    if settings.store == DUCKDB:
        memory, threads = settings.store_memory, settings.store_threads
        return DuckStore(settings.data, catalogues, memory, threads, status=status, pepper=pepper, checksums=checksums)
    require_clickhouse_driver()
    # Imported late: the driver costs 24 MiB and 0.1 s, which a collector with the default store should not pay.
    from .clickhouse.address import parse_address
    from .clickhouse.store import ClickHouseStore

    try:
        address = parse_address(settings.store, settings.store_password)
    except StoreError as error:
        raise SettingsError(str(error)) from None
    return ClickHouseStore(settings.data, catalogues, address, status=status, pepper=pepper, checksums=checksums)


def require_clickhouse_driver() -> None:
    """Raise SettingsError if ClickHouse's driver, an extra of this distribution, is not installed."""
    if importlib.util.find_spec("clickhouse_driver") is None:
        raise SettingsError(
            "store: the driver of ClickHouse is not installed; install it: pip install 'footfall-collector[clickhouse]'"
        )
