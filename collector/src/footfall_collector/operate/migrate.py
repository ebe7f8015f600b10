"""`migrate`: copies a data directory's DuckDB store into ClickHouse, while no collector runs on it."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..admit import fingerprint, load_catalogues, load_pepper
from ..journal import FOLDER, Journal
from ..runtime import Settings, SettingsError, Status, lock_data, printable, quantity
from ..store import Loader, StoreError, require_clickhouse_driver
from ..store.duckdb import DuckStore

if TYPE_CHECKING:
    from ..store.migration import CopyMismatch

_PASSWORD_VARIABLE = "FOOTFALL_STORE_PASSWORD"  # noqa: S105 - the name of a variable


def migrate_store(
    settings: Settings, target: str, show_progress: Callable[[str], None], *, leave_trash: bool = False
) -> "list[CopyMismatch]":
    """Copy the store of `settings.data` to the address `target`, and list the differences that remain.

    The trash is not copied: nothing is while a month is in it, unless `leave_trash`.

    Raises:
        AlreadyRunningError: a collector runs on the directory; stop it first.
        SettingsError, StoreError, OSError: one of the two stores can't be used.
    """
    if urlsplit(target).password is not None:
        raise SettingsError(f"--to: every user can read a command line; put the password into {_PASSWORD_VARIABLE}")
    require_clickhouse_driver()
    # Late: they import the driver.
    from ..store.clickhouse import ClickHouseStore, parse_address
    from ..store.migration import migrate as copy_and_compare

    address = parse_address(target, settings.store_password)
    if not (settings.data / "store").is_dir():
        raise StoreError(f"{settings.data} has no DuckDB store; check --data")
    lock_data(settings.data)
    source, pepper = _open_source(settings)
    try:
        if not leave_trash:
            _check_trash(source, settings)
        store = ClickHouseStore(settings.data, load_catalogues(settings.products), address, pepper=pepper)
        try:
            mismatches = copy_and_compare(source, store, show_progress)
            if not mismatches:
                # The DuckDB files may be deleted now.
                source.files.counts.drop(source.files.months)
            return mismatches
        finally:
            store.close()
    finally:
        source.close()


def _check_trash(source: DuckStore, settings: Settings) -> None:
    """Raises StoreError where months are in the trash: once there is a copy, none can be put back here."""
    data, lines = shlex.quote(str(settings.data)), []
    for month in source.months.trash():
        events = "events" if month.events is None else quantity(month.events, "event")
        lines.append(
            f"{month.month} ({events}) is in the trash, which is not copied. To take it along, run `footfall-collector "
            f"retain --data {data} --restore {month.month}` first (retention_days must allow it); "
            "to leave it behind, add --leave-trash."
        )
    if lines:
        raise StoreError("\n".join(["nothing was copied yet", *map(printable, lines)]))


def _open_source(settings: Settings) -> tuple[DuckStore, str]:
    """The DuckDB store, with all events of the journal loaded, and its pepper's fingerprint."""
    status = Status()
    # Closes a segment that an earlier process left open.
    journal = Journal(settings.data / FOLDER, status)
    journal.start()
    journal.close()
    pepper = fingerprint(load_pepper(settings.data, settings.pepper))
    catalogues = load_catalogues(settings.products)
    store = DuckStore(
        settings.data,
        catalogues,
        settings.store_memory,
        settings.store_threads,
        status=status,
        pepper=pepper,
        checksums=journal.checksums,
    )
    try:
        loader = Loader(store, settings.data / FOLDER, status, losses=journal.losses)
        loader.run_once()
        store.finish_forgetting()
        loader.checkpoint()
    except BaseException:
        store.close()
        raise
    return store, pepper
