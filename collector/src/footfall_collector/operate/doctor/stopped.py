"""The doctor for a directory on which no collector runs: its files are read, and none is changed."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from ...access import Tokens, TokensError
from ...access.links import LinksError, ReadLinks
from ...admit import load_catalogues
from ...answer import Answers
from ...journal import FOLDER, JournalLosses
from ...receive import DiskQuota, WriteKeyError, WriteKeys
from ...runtime import DataUnusableError, Settings, SettingsError, Status, lock_data, quantity
from ...store import StoreError, open_store
from ...store.duckdb import SCHEMA
from .arrivals import key_checks
from .check import Check, action, note, ok
from .clocks import recorded_clock_checks
from .data_files import disk_checks, permission_checks
from .other_check import other_checks

_SCHEMA_QUERY = "SELECT value FROM meta WHERE name = 'schema'"


def stopped_checks(settings: Settings, *, readable: bool) -> Iterator[Check]:
    """Everything that the files say. `readable`: whether the settings are those of the collector, or defaults."""
    yield from disk_checks(settings, DiskQuota(settings).reached())
    yield from permission_checks(settings.data)
    yield from recorded_clock_checks(settings.data)
    yield from _key_file_checks(settings)
    yield _journal_check(settings.data)
    store = list(_store_checks(settings))
    yield from store or [ok("store", "its files can be read")]
    if store or not readable:
        yield note("other", "values are looked at once the store and the settings can be read")
    elif settings.store == "duckdb":
        yield from _other_checks(settings)


def _key_file_checks(settings: Settings) -> list[Check]:
    try:
        keys = WriteKeys(settings.data)
        Tokens(settings.data)
        ReadLinks(settings.data)
    except (WriteKeyError, TokensError, LinksError) as error:
        return [action("keys", str(error), "do what the sentence says; the collector does not start otherwise")]
    if not keys.all() and settings.loopback and settings.default_product:
        return [note("keys", "there is no write key yet; the first one that comes after the start is taken")]
    return key_checks(keys.all(), keys.timestamp(), settings)


def _journal_check(data: Path) -> Check:
    waiting = [path for path in (data / FOLDER).glob("*.*") if path.suffix in (".jsonl", ".open")]
    size = sum(path.stat().st_size for path in waiting)
    if losses := JournalLosses(data / FOLDER, Status()).sentences():
        return action("store", "; ".join(losses), "do what the sentence says")
    return ok(
        "lag", f"{quantity(len(waiting), 'journal segment')} ({size:,} bytes), loaded at the next start if it is new"
    )


def _store_checks(settings: Settings) -> Iterator[Check]:
    data = settings.data
    if damaged := sorted(path.name for path in (data / "damaged").glob("*")):
        todo = "check the disk; `footfall-collector verify` says what helps; then delete DATA/damaged"
        yield action("store", f"damaged files were set aside: {', '.join(damaged[:5])}", todo)
    files = sorted((data / "store").glob("*.duckdb"))
    if files and not settings.pepper and not (data / "pepper").is_file():
        yield action("store", f"{data / 'pepper'} is missing", "restore it from your copy of it")
    for path in files:
        if problem := _problem_of(path, settings.store_memory):
            todo = "stop here and copy the directory; the next start sets a damaged file aside and recovers what it can"
            yield action("store", f"{path.name} {problem}", todo)


def _problem_of(path: Path, memory: str) -> str:
    """What is wrong with a database file; empty where it can be read."""
    try:
        limits: dict[str, str | bool | int | float | list[str]] = {"memory_limit": memory, "threads": "1"}
        with duckdb.connect(str(path), read_only=True, config=limits) as connection:
            row = connection.execute(_SCHEMA_QUERY).fetchone()
    except duckdb.Error as error:
        # The engine's message may quote data.
        return f"can't be read ({type(error).__name__})"
    if row is not None and int(row[0]) > SCHEMA:
        return f"was written by a newer version (schema {row[0]}); update footfall-collector"
    return ""


def _other_checks(settings: Settings) -> list[Check]:
    """As the start does, this opens the store; the lock keeps a collector away meanwhile."""
    if not (settings.data / "store").is_dir():
        return [ok("other", "there is no event yet")]
    if settings.data.stat().st_uid != os.geteuid():
        return [note("other", "only the collector's user can open the store", "run this as that user")]
    descriptor = -1
    try:
        descriptor = lock_data(settings.data)
        catalogues = load_catalogues(settings.products)
        store = open_store(settings, catalogues, Status(), "")
        try:
            return other_checks(Answers(store, catalogues, settings=settings.products))
        finally:
            store.close()
    except (SettingsError, StoreError, DataUnusableError, OSError) as error:
        return [action("store", str(error), "do what the sentence says")]
    finally:
        if descriptor >= 0:
            os.close(descriptor)
