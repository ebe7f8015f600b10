"""The commands on the store, behind the control socket and behind the command line while no collector runs.

Each returns what the command line prints, as numbers and names, and raises ControlError with a sentence for the user.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from ..admit import MAX_ID, fingerprint, instance_of, load_catalogues, load_pepper
from ..journal import CLOSED, FOLDER, Journal, Recovered
from ..runtime import Caller, Command, ControlError, Settings, Status, lock_data, printable, unknown_product
from ..store import Loader, Store, StoreError, month_bounds, months_between, open_store
from ..store.duckdb import DuckStore
from .dispatch import CLICKHOUSE_HAS_NO_FILES
from .retention import Retention, TrustedTime, describe_pass
from .verify import verify_store

T = TypeVar("T")

MAX_HOLD_SECONDS = 900.0
"""How long a backup may keep new events out of the store."""

DUCKDB_COMMANDS = frozenset({"hold", "verify", "export"})
"""Commands that work on the files of the DuckDB store."""
UNLOADED_COMMANDS = frozenset({"unforget"})
"""Commands that must not load events first: the load leaves out those of forgotten instances."""
_PROGRESS_SECONDS = 0.5


class StoreOperations:
    """The commands on one store. Each runs on the thread of `loader`, the only one that may write to the store."""

    def __init__(
        self,
        store: Store,
        loader: Loader,
        settings: Settings,
        pepper: bytes,
        retention: Retention,
        recovered: Recovered | None = None,
    ) -> None:
        self._store, self._loader, self._settings, self._pepper = store, loader, settings, pepper
        self._retention = retention
        self.recovered = recovered

    def commands(self) -> Mapping[str, Command]:
        """The commands by name."""
        return {
            "forget": self.forget,
            "rebuild": self.rebuild,
            "unforget": self.unforget,
            "retain": self.retain,
            "restore_month": self.restore_month,
            "hold": self.hold,
            "verify": self.verify,
            "export": self.export,
        }

    def forget(self, caller: Caller, instance: str, product: str | None = None) -> dict[str, Any]:
        """Delete an instance, by the ID that its owner knows, of one product or of all.

        Returns `events`, their number, and `copies`, the paths of damaged months that may still have some.
        """
        digests = self._digests(instance, product)
        with _reporting_time(caller):
            events = self._run_on_loader(lambda: self._checkpointed(sum(map(self._store.forget, digests))))
        copies = self._store.files.quarantine.month_copies() if isinstance(self._store, DuckStore) else []
        return {"events": events, "copies": [printable(str(path)) for path in copies]}

    def unforget(self, instance: str, product: str | None = None) -> dict[str, Any]:
        """Take back `forget` of an instance of which nothing was deleted: `{}`."""
        digests = self._digests(instance, product)
        self._run_on_loader(lambda: self._store.take_back_forgetting(digests))
        return {}

    def _digests(self, instance: str, product: str | None) -> list[str]:
        """The stored instances of an ID, one for each product. Raises ControlError."""
        if not instance or len(instance) > MAX_ID:
            raise ControlError("write the instance ID as `footfall status` shows it, such as cluster_f809cce5a77d3fbe")
        return [instance_of(self._pepper, name, instance)[0] for name in self._selected_products(product)]

    def rebuild(self, caller: Caller, without_damaged: bool = False) -> dict[str, Any]:
        """Count all raw events again into fresh roll-ups: `{"seconds": number}`.

        `without_damaged`: also where the raw events of a month are damaged, whose counts are then gone; events that the
        journal lost are given up too.
        """
        started = time.monotonic()

        def work() -> None:
            if without_damaged and isinstance(self._store, DuckStore):
                self._store.give_up_damaged()
            if without_damaged:
                self._loader.losses.give_up()
            self._store.rebuild()

        with _reporting_time(caller):
            self._run_on_loader(work)
        return {"seconds": round(time.monotonic() - started, 1)}

    def retain(
        self, caller: Caller, days: int | None = None, confirm: bool = False, dry_run: bool = False
    ) -> dict[str, Any]:
        """Remove the months that ended more than `days` ago, as the hourly pass does; see `describe_pass`."""
        if days is not None and days < 1:
            raise ControlError("--days must be at least 1")

        def work() -> dict[str, Any]:
            self._checkpointed(None)
            return describe_pass(self._retention, self._retention.run(days, confirmed=confirm, dry=dry_run))

        with _reporting_time(caller):
            return self._run_on_loader(work)

    def restore_month(self, caller: Caller, month: str) -> dict[str, Any]:
        """Put a month that retention removed back from the trash: `{"events": number}`."""
        try:
            month_bounds(month)
        except ValueError:
            raise ControlError(f"write a month such as 2026-08, not {month!r}") from None
        with _reporting_time(caller):
            return {"events": self._run_on_loader(lambda: self._checkpointed(self._retention.restore(month)))}

    def hold(self, caller: Caller) -> dict[str, Any]:
        """Keep the store's files unchanged until the caller hangs up: `{"seconds": number}`.

        Events are still acknowledged, and wait in the journal; charts are answered. The caller gets one progress:
        `{"waiting": true, "engine": …, "events": number, "pepper": fingerprint}`.
        """
        store, started = self._duckdb_store(), time.monotonic()

        def work() -> None:
            self._checkpointed(None)
            # A checkpoint of the loader leaves records in the write-ahead log of one file.
            store.checkpoint()
            events = sum(raw for _, raw in store.rollup_and_raw_counts().values())
            pepper = fingerprint(self._pepper)
            caller.report_progress(waiting=True, engine=store.engine, events=events, pepper=pepper)
            caller.wait_for_hang_up(MAX_HOLD_SECONDS)

        self._run_on_loader(work)
        return {"seconds": round(time.monotonic() - started, 2)}

    def verify(self, caller: Caller) -> dict[str, Any]:
        """Compare the journal with the store, and the roll-ups with the raw events; see `verify_store`.

        `gone` is the number of acknowledged events that the journal or the store lost; `damage` has sentences on both.
        """
        store = self._duckdb_store()

        def work() -> dict[str, Any]:
            journal = self._settings.data / FOLDER
            # Segments that are closed after this line may not be loaded yet when their events are looked up.
            closed = sorted(journal.glob(f"*{CLOSED}"))
            self._loader.run_once()
            store.read_everything()
            cutoff = self._retention.cutoff()
            result = verify_store(store, journal, closed, cutoff, caller.report_progress)
            if self.recovered is not None:
                result["damaged"] += self.recovered.damaged
            self._loader.note_missing()
            losses = self._loader.losses
            gone = losses.events() + result["gone"]
            return {**result, "gone": gone, "damage": [*losses.sentences(), *result["damage"]]}

        return self._run_on_loader(work)

    def export(
        self, caller: Caller, directory: str, form: str, product: str | None, start: int, end: int
    ) -> dict[str, Any]:
        """Write raw events to DIRECTORY/PRODUCT-MONTH.FORM, and load between files: `{"files": {name: events}}`."""
        products, store, files = self._selected_products(product), self._duckdb_store(), {}
        self._run_on_loader(self._loader.run_once)
        for month in months_between(start, end):
            for name in products:
                file = f"{name}-{month}.{form}"
                path, scope = Path(directory) / file, (name, start, end)
                events = self._run_on_loader(
                    lambda: store.export(month, scope, path) if month in store.files.months else 0  # noqa: B023 - run at once
                )
                if events:
                    files[file] = events
                    caller.report_progress(file=file, events=events)
        return {"files": files}

    def _checkpointed(self, result: T) -> T:
        """Load and checkpoint everything: until then the journal has a second copy of the latest events."""
        self._loader.run_once()
        self._loader.checkpoint()
        return result

    def _selected_products(self, product: str | None) -> list[str]:
        """The named product, or all of them. Raises ControlError for an unknown name."""
        known = self._settings.products
        if product is not None and product not in known:
            raise ControlError(unknown_product(product, known, self._settings.data))
        return list(known) if product is None else [product]

    def _duckdb_store(self) -> DuckStore:
        if not isinstance(self._store, DuckStore):
            raise ControlError(CLICKHOUSE_HAS_NO_FILES)
        return self._store

    def _run_on_loader(self, work: Callable[[], T]) -> T:
        """The result of `work`. Raises ControlError, also for errors of the store."""

        def guarded() -> tuple[T | None, ControlError | None]:
            # A command that its caller gives up is no failure of the loader.
            try:
                return work(), None
            except ControlError as error:
                return None, error

        try:
            result, given_up = self._loader.run_between_loads(guarded)
        except StoreError as error:
            raise ControlError(str(error)) from None
        except OSError as error:
            place = error.filename or self._settings.data
            raise ControlError(f"{place} can't be written ({error.strerror}); check the disk") from None
        if given_up is not None:
            raise given_up
        return result  # type: ignore[return-value]  # None only where T has it


@contextmanager
def _reporting_time(caller: Caller) -> Iterator[None]:
    """Report twice a second how long the work has taken: `{"seconds": number}`.

    The work is finished even where the caller is gone: a deletion that is half done would have to be repeated.
    """
    finished, started = threading.Event(), time.monotonic()

    def report() -> None:
        while not finished.wait(_PROGRESS_SECONDS):
            try:
                caller.report_progress(seconds=round(time.monotonic() - started))
            except ControlError:
                return

    reporter = threading.Thread(target=report, name="footfall-progress", daemon=True)
    reporter.start()
    try:
        yield
    finally:
        finished.set()
        reporter.join()


def hourly_cleanup(store: Store, retention: Retention) -> Callable[[], None]:
    """The loader's work of every hour: finish pending deletions of instances, remove months that are too old."""

    def clean_up() -> None:
        store.finish_forgetting()
        retention.run_hourly()

    return clean_up


@contextmanager
def open_offline(settings: Settings, *, load: bool = True) -> Iterator[StoreOperations]:
    """The commands while no collector runs; all events of the journal are loaded first, unless `load` is False.

    Raises:
        AlreadyRunningError: a collector runs on the directory.
        SettingsError, StoreError, OSError: the data directory can't be used.
    """
    lock_data(settings.data)
    status = Status()
    # Closes a segment that an earlier process left open.
    journal = Journal(settings.data / FOLDER, status)
    journal.start()
    journal.close()
    pepper = load_pepper(settings.data, settings.pepper)
    catalogues = load_catalogues(settings.products)
    store = open_store(settings, catalogues, status, fingerprint(pepper), journal.checksums)
    try:
        loader = Loader(store, settings.data / FOLDER, status, losses=journal.losses)
        # Before the load: the newest event must not be one that a wrong clock stamps now.
        trusted_time = TrustedTime(settings.data, lambda: loader.run_recovering(store.months.newest_event))
        retention = Retention(store, settings, trusted_time, status)
        if load:
            loader.run_recovering(loader.run_once)
            loader.run_recovering(store.finish_forgetting)
        yield StoreOperations(store, loader, settings, pepper, retention, journal.recovered)
        if load:
            loader.checkpoint()
    finally:
        store.close()
