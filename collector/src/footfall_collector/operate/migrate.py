"""`footfall-collector migrate`: a data directory's DuckDB store into ClickHouse, while no collector runs on it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from ..admit import fingerprint, load_catalogues, load_pepper
from ..journal import FOLDER, Journal
from ..runtime import Settings, SettingsError, Status, lock_data
from ..store import Loader, StoreError
from ..store.clickhouse import ClickHouseStore, parse
from ..store.duckdb import DuckStore
from ..store.migration import Mismatch
from ..store.migration import migrate as copy

PASSWORD = "FOOTFALL_STORE_PASSWORD"  # noqa: S105 - the name of a variable


def migrate(settings: Settings, to: str, say: Callable[[str], None]) -> list[Mismatch]:
    """Copy the store of `settings.data` to an address; what is not the same at the end.

    Raises:
        AlreadyRunningError: a collector runs on the directory; stop it first.
        SettingsError, StoreError, OSError: one of the two can't be used.
    """
    if urlsplit(to).password is not None:
        raise SettingsError(f"--to: a password on the command line is seen by every user; put it into {PASSWORD}")
    address = parse(to, settings.store_password)
    if not (settings.data / "store").is_dir():
        raise StoreError(f"{settings.data} has no DuckDB store; check --data")
    lock_data(settings.data)
    source, pepper = _source(settings)
    try:
        store = ClickHouseStore(settings.data, load_catalogues(settings.products), address, pepper=pepper)
        try:
            return copy(source, store, say)
        finally:
            store.close()
    finally:
        source.close()


def _source(settings: Settings) -> tuple[DuckStore, str]:
    """The DuckDB store with everything that waited in the journal, and its pepper's fingerprint."""
    status = Status()
    # Closes whatever an earlier process left open.
    journal = Journal(settings.data / FOLDER, status)
    journal.start()
    journal.close()
    pepper = fingerprint(load_pepper(settings.data, settings.pepper))
    catalogues = load_catalogues(settings.products)
    store = DuckStore(
        settings.data, catalogues, settings.store_memory, settings.store_threads, status=status, pepper=pepper
    )
    try:
        loader = Loader(store, settings.data / FOLDER, status)
        loader.run_once()
        store.finish_forgetting()
        loader.settle()
    except BaseException:
        store.close()
        raise
    return store, pepper
