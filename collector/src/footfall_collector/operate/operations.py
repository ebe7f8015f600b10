"""What an operator does to the store: the commands behind the control socket and behind the offline command line.

Each gives what the command line prints, as numbers and names, and raises ControlError with a sentence for the user.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from ..admit import MAX_ID, fingerprint, instance_of, load_catalogues, load_pepper
from ..journal import FOLDER, Journal, Recovered
from ..runtime import Command, ControlError, Settings, Status, lock_data, no_such_product
from ..store import CLOSED, Loader, Store, StoreError, months_between, open_store
from ..store.duckdb import DuckStore
from .verify import verify

T = TypeVar("T")

HOLD_SECONDS = 900.0
"""Longest that copying may keep new events out of the store."""

NEEDS_FILES = frozenset({"hold", "verify", "export"})
"""Commands that work on the files of the default store."""
NO_FILES = "the events are in a database of its own: use that database's tools for backup, restore, check and export"
_TELL_SECONDS = 0.5
_DAY = 86_400


class Listener(Protocol):
    """Whoever gave a command that takes long; see `control.Peer`."""

    def say(self, **progress: Any) -> None:
        """Tell how far the work is. Raises ControlError where it is to be given up."""

    def wait(self, seconds: float) -> None:
        """Until the listener has done its part. Raises ControlError where it is to be given up."""


class Operations:
    """The commands on one store, carried out where `loader` does its work."""

    def __init__(
        self, store: Store, loader: Loader, settings: Settings, pepper: bytes, recovered: Recovered | None = None
    ) -> None:
        self._store, self._loader, self._settings, self._pepper = store, loader, settings, pepper
        self._recovered = recovered

    def commands(self) -> Mapping[str, Command]:
        """By name."""
        return {
            "forget": self.forget,
            "rebuild": self.rebuild,
            "retain": self.retain,
            "hold": self.hold,
            "verify": self.verify,
            "export": self.export,
        }

    def forget(self, peer: Listener, instance: str, product: str | None = None) -> dict[str, Any]:
        """Delete an instance, as its owner knows it: `{"events": number}`. Of all products where none is given."""
        if not instance or len(instance) > MAX_ID:
            raise ControlError("write the instance ID as `footfall status` shows it, such as cluster_f809cce5a77d3fbe")
        names = self._named(product)
        digests = [instance_of(self._pepper, name, instance)[0] for name in names]

        def work() -> int:
            events = sum(map(self._store.forget, digests))
            # The journal has the latest events a second time until it is settled.
            self._loader.run_once()
            self._loader.settle()
            return events

        with _telling(peer):
            return {"events": self._done(work)}

    def rebuild(self, peer: Listener) -> dict[str, Any]:
        """Make the rollups anew: `{"seconds": number}`."""
        began = time.monotonic()
        with _telling(peer):
            self._done(self._store.rebuild)
        return {"seconds": round(time.monotonic() - began, 1)}

    def retain(self, peer: Listener, days: int | None = None) -> dict[str, Any]:
        """Delete months that are over for longer than so many days: `{"removed": ["2026-08", …]}`."""
        if days is not None and days < 1:
            raise ControlError("--days must be at least 1")

        def work() -> list[str]:
            # The journal has the latest events a second time until it is settled; deleted ones are not to be missed.
            self._loader.run_once()
            self._loader.settle()
            return self._store.retain(cutoff(days or self._settings.retention_days))

        with _telling(peer):
            return {"removed": self._done(work)}

    def hold(self, peer: Listener) -> dict[str, Any]:
        """Keep the store's files as they are until the peer hangs up: `{"seconds": number}`.

        Events are acknowledged meanwhile and charts are answered; what comes waits in the journal. The peer is told
        what it finds: `{"waiting": true, "engine": …, "events": number, "pepper": fingerprint}`.
        """
        store, began = self._own_files(), time.monotonic()

        def work() -> None:
            self._loader.run_once()
            self._loader.settle()
            # Settling left notes in the log of one file.
            store.settle()
            events = sum(raw for _, raw in store.counted().values())
            peer.say(waiting=True, engine=store.engine, events=events, pepper=fingerprint(self._pepper))
            peer.wait(HOLD_SECONDS)

        self._done(work)
        return {"seconds": round(time.monotonic() - began, 2)}

    def verify(self, peer: Listener) -> dict[str, Any]:
        """Compare the journal with the store, and the rollups with the raw events; see `verifying.verify`."""
        store = self._own_files()

        def work() -> dict[str, Any]:
            journal = self._settings.data / FOLDER
            # What is closed from here on may not be loaded when it is looked up.
            closed = sorted(journal.glob(f"*{CLOSED}"))
            self._loader.run_once()
            found = verify(store, journal, closed, cutoff(self._settings.retention_days), peer.say)
            if self._recovered is not None:
                found["damaged"] += self._recovered.damaged
            return found

        return self._done(work)

    def export(
        self, peer: Listener, directory: str, form: str, product: str | None, start: int, end: int
    ) -> dict[str, Any]:
        """Write raw events to DIRECTORY/PRODUCT-MONTH.FORM, loading in between: `{"files": {name: events}}`."""
        names, store, files = self._named(product), self._own_files(), {}
        self._done(self._loader.run_once)
        for month in months_between(start, end):
            for name in names:
                file = f"{name}-{month}.{form}"
                path, scope = Path(directory) / file, (name, start, end)
                events = self._done(lambda: store.export(month, scope, path) if month in store.files.months else 0)  # noqa: B023 - done at once
                if events:
                    files[file] = events
                    peer.say(file=file, events=events)
        return {"files": files}

    def _named(self, product: str | None) -> list[str]:
        """The product that is named, all of them where none is. Raises ControlError."""
        known = self._settings.products
        if product is not None and product not in known:
            raise ControlError(no_such_product(product, known, self._settings.data))
        return list(known) if product is None else [product]

    def _own_files(self) -> DuckStore:
        if not isinstance(self._store, DuckStore):
            raise ControlError(NO_FILES)
        return self._store

    def _done(self, work: Callable[[], T]) -> T:
        given_up: list[ControlError] = []

        def guarded() -> T | None:
            # The loader's thread knows nothing of peers.
            try:
                return work()
            except ControlError as error:
                given_up.append(error)
                return None

        result = self._loader_does(guarded)
        if given_up:
            raise given_up[0]
        return cast("T", result)

    def _loader_does(self, work: Callable[[], T]) -> T:
        try:
            return self._loader.do(work)
        except StoreError as error:
            raise ControlError(str(error)) from None
        except OSError as error:
            raise ControlError(f"the data directory can't be written ({error.strerror})") from None


@contextmanager
def _telling(peer: Listener) -> Iterator[None]:
    """Tell the peer twice a second for how long it has gone on: `{"seconds": number}`.

    What is begun is finished even where nobody listens any more: half of a deletion would be done again later.
    """
    over, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not over.wait(_TELL_SECONDS):
            try:
                peer.say(seconds=round(time.monotonic() - began))
            except ControlError:
                return

    teller = threading.Thread(target=tell, name="footfall-telling", daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def cutoff(days: int) -> int:
    """Epoch seconds of the first moment that is kept: midnight UTC, so many days ago."""
    return int(datetime.now(UTC).timestamp()) // _DAY * _DAY - days * _DAY


def housekeeping(store: Store, settings: Settings) -> Callable[[], None]:
    """What the loader does every hour: finish what was to be forgotten, drop what is too old."""

    def keep() -> None:
        store.finish_forgetting()
        store.retain(cutoff(settings.retention_days))

    return keep


@contextmanager
def offline(settings: Settings) -> Iterator[Operations]:
    """The commands while no collector runs: everything in the journal is loaded first.

    Raises:
        AlreadyRunningError: a collector runs after all.
        SettingsError, StoreError, OSError: the data directory can't be used.
    """
    lock_data(settings.data)
    status = Status()
    # Closes whatever an earlier process left open.
    journal = Journal(settings.data / FOLDER, status)
    journal.start()
    journal.close()
    pepper = load_pepper(settings.data, settings.pepper)
    store = open_store(settings, load_catalogues(settings.products), status, fingerprint(pepper))
    try:
        loader = Loader(store, settings.data / FOLDER, status)
        loader.run_once()
        store.finish_forgetting()
        yield Operations(store, loader, settings, pepper, journal.recovered)
        loader.settle()
    finally:
        store.close()
