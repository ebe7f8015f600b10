"""The pipeline: the stages of every event, from the call that records it to the acknowledgement of the server.

1. check      `record/recorder.py`    `Recorder.record`: the catalogue admits the event's properties, or it is dropped
2. stamp      `record/recorder.py`    `Recorder.record`: the time to the second and a random UUID
3. encode     `record/recorder.py`    `Recorder.record`: one line of JSON
4. append     `spool/spool.py`        `Spool.append`: the line is on disk before `record()` returns
5. wake       `send/worker.py`        `Worker.notify`: the background thread wakes when a batch is due
6. read       `spool/spool.py`        `Spool.peek`: the oldest unacknowledged lines, at most 500
7. check again, pack   `send/packer.py`   `Packer.pack`: what is on disk is not trusted
8. post       `send/wire.py`          `BatchSender.post`: one request, bounded in time
9. interpret the answer   `send/wire.py`   `interpret_answer`: delivered, try again later, or refused
10. log       `send/sent_log.py`      `SentLog.append`: the events that were delivered, for `footfall log`
11. acknowledge   `spool/spool.py`    `Spool.acknowledge`: delivered lines are never read again
12. back off  `send/send_state.py`    `SendState`: after any other answer, the next attempt waits longer

Steps 1 to 5 run on the caller's thread in a few microseconds; `Shipper.ship_once` (`send/shipper.py`) runs 6 to 12 on
the worker's thread. `Pipeline._connect_stages` puts the stages together in this order.
"""

import logging
import os
import sys
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from .catalogue import (
    DEPLOYMENT_METHODS,
    OTHER,
    ServerStarted,
    catalogue_for,
    clean_version,
    to_plain_data,
)
from .identity import deployment_method, first_started_at, identify, read_context
from .identity.kubernetes import NO_CLUSTER, ClusterFacts, cluster_configured
from .record import Recorder
from .runtime import (
    FORK_SAFE_LOG,
    Counters,
    StateDirectory,
    SystemClock,
    open_state_directory,
    read_json,
    write_json,
)
from .send import BatchSender, Delivered, InstanceFacts, Lifetime, Outcome, Packer, Shipper, Worker, compressed
from .settings import Product, Settings, missing_key_message
from .spool import Spool
from .version import __version__

log = logging.getLogger("footfall")
_MAX_OTHER_TOOLS = 100
"""Of the names that `footfall status` shows."""


class Pipeline(Lifetime):
    """One product's telemetry in one process, while it is on.

    Args:
        preview: print requests on stderr instead of sending them; nothing is written to disk.
    """

    def __init__(self, product: Product, environ: Mapping[str, str], *, preview: bool = False) -> None:
        self.product = product
        self._environ = environ
        self._preview = preview
        self._problems_logged = False
        self.settings = Settings.read(product, environ)
        self.clock = SystemClock()
        self.counters = Counters()
        self.catalogue = catalogue_for(product.name, events=product.catalogue, client_names=product.client_names)
        self.state = self._open_state_directory()
        self._facts: dict[str, Any] = {
            "common": read_context(product, environ),
            "deployment": deployment_method(environ, self.settings.deployment_method),
        }
        self.recorder = self._make_recorder()
        self.begin_life()
        self._connect_stages()
        _pipelines.add(self)
        self._log_warnings()

    # The stages ----------------------------------------------------------------------------------------------

    def _make_recorder(self) -> Recorder:
        """Check, stamp, encode. Made once: the host keeps a reference to its methods across a fork."""
        append: Callable[[bytes], object] = self._append_and_notify
        if self.settings.debug and not self._preview:
            from .record.debug_lines import printing  # by file: only debugging needs it

            append = printing(append, self._facts["common"])
        arguments = self.catalogue, append, self.counters, self.clock
        if not self._preview:
            return Recorder(*arguments)
        # Imported late and by file: only preview needs it.
        from .record.preview_hints import PreviewRecorder

        return PreviewRecorder(*arguments, lambda hint: log.warning("%s telemetry: %s", self.product.name, hint))

    def _connect_stages(self) -> None:
        """All stages after the recorder; made again in a child after a fork."""
        directory = self.state.path
        segments = os.path.join(directory, "spool") if directory else None
        # Append to the spool.
        self.spool = Spool(
            segments,
            dict(self._facts),
            self.counters,
            self.clock,
            names=self.recorder.tools,
            network=self.state.network,
        )
        # Read a batch, check it again and pack it; post it and interpret the answer; log, acknowledge, or back off.
        self.sender = BatchSender(self.settings.host, self._environ)
        self.shipper = Shipper(
            self.spool,
            Packer(self.catalogue),
            self._print_request if self._preview else self.sender.post,
            self._identify_instance,
            self.counters,
            self.clock,
            directory=directory,
            host=self.settings.host,
            key=self.settings.key,
            log=self.log_from_worker,
        )
        # Wake the thread that does it.
        self.worker = Worker(self.shipper, self.settings.flush_seconds, self)

    def _append_and_notify(self, line: bytes) -> None:
        on_disk = self.spool.append(line)
        self.worker.notify()
        if not on_disk and self.spool.can_drain:
            self.worker.drain_soon()

    # Before the stages ---------------------------------------------------------------------------------------

    def _open_state_directory(self) -> StateDirectory:
        if self._preview:
            return StateDirectory(None, durable=False, network=False, note="preview: nothing is written")
        return open_state_directory(self.settings.state_dir, configured=self.settings.state_dir_configured)

    def _log_warnings(self) -> None:
        warnings = list(self.settings.warnings)
        if self.settings.state_dir_configured and self.settings.state_dir and not self.state.path and not self._preview:
            variable = f"{self.product.prefix}TELEMETRY_STATE_DIR"
            warnings.append(f"{variable} can't be used ({self.state.note}); events wait in memory only")
        elif self.state.refused:
            warnings.append(f"{self.state.note}; events wait in memory only")
        if self._facts["deployment"] == OTHER:
            variable = f"{self.product.prefix}DEPLOYMENT_METHOD"
            *methods, last = DEPLOYMENT_METHODS
            warnings.append(f"{variable} must be {', '.join(methods)} or {last}; it is sent as `{OTHER}`")
        if self._preview and not self.settings.key and not self.settings.error:
            warnings.append(f"{missing_key_message(self.product)}; without it nothing is sent when preview ends")
        for warning in warnings:
            log.warning("%s telemetry: %s", self.product.name, warning)

    # On the worker's thread ----------------------------------------------------------------------------------

    def _identify_instance(self) -> InstanceFacts:
        if not self._problems_logged:
            self._problems_logged = True
            self.sender.log_problems(lambda problem: self.log_from_worker(problem, logging.WARNING))
        facts = self._cluster_facts()
        durable = self.state.path if self.state.durable else None
        identity = identify(self.product.name, facts, durable, self.clock)
        if self._preview:
            return InstanceFacts(identity.id, facts.version, 0.0)
        started_at = first_started_at(durable, self.clock) if durable else self.clock.now() - self.clock.elapsed()
        self._write_product_file(identity.id, identity.origin)
        grace_ends = started_at + self.settings.grace_seconds
        return InstanceFacts(identity.id, facts.version, grace_ends, ends_with_process=not self.state.durable)

    def _cluster_facts(self) -> ClusterFacts:
        if not cluster_configured(self._environ):
            return NO_CLUSTER
        # Imported late and by file: it needs a TLS stack, which most processes don't.
        from .identity.kubernetes.ask import ask_api_server

        return ask_api_server(self._environ)

    def _give_notice(self, previous: Mapping[str, Any]) -> list[str]:
        """Log the notice once per instance, and again where it did not name what the product adds; the names so far."""
        before = previous.get("noticed_additions")
        known = {name for name in before if type(name) is str} if type(before) is list else set()
        if previous.get("noticed") and not self.catalogue.own_events and not self.catalogue.extra:
            return sorted(known)
        # Imported late and by file: most starts have nothing to give notice of.
        from .settings.notice import additions, first_run_notice

        added, again = additions(self.catalogue).keys(), bool(previous.get("noticed"))
        if not again or added - known:
            notice = first_run_notice(
                self.product, self.settings, catalogue=self.catalogue, again=again, lasting=self.state.durable
            )
            FORK_SAFE_LOG.write(lambda: log.warning("%s", notice))
        return sorted(known | added)

    def _write_product_file(self, instance_id: str, origin: str) -> None:
        """Write `product.json`, which the command line reads, and give the notice where it is due."""
        path = os.path.join(self.state.path, "product.json") if self.state.path else None
        previous = read_json(path) if path else {}
        noticed = self._give_notice(previous)
        if path is None:
            return
        content = {
            "name": self.product.name,
            "version": clean_version(self.product.version) or "",
            "host": self.settings.host,
            "key": self.settings.key,
            "client_names": list(self.product.client_names),
            "events": to_plain_data(e for e in self.catalogue.events.values() if e.struct in self.product.catalogue),
            "extra": to_plain_data(self.catalogue.extra_events()),
            "other_tools": self.recorder.tools_recorded_as_other()[:_MAX_OTHER_TOOLS],
            "instance": instance_id,
            "instance_how": origin,
            "footfall": __version__,
            "durability": self.spool.note or self.state.note,
            "grace_seconds": self.settings.grace_seconds,
            "noticed": True,
            "noticed_additions": noticed,
        }
        if content != previous:
            write_json(path, content)

    def _print_request(self, body: bytes, timeout: float) -> Outcome:
        """In preview: print a request instead of sending it."""
        head = self.sender.request_head(compressed(body)).replace("\r\n", "\n")
        text = f"{head}\n{body.decode()}\n"
        FORK_SAFE_LOG.write(
            lambda: _write_to_stderr(f"[footfall preview: this is not sent; the body goes out gzipped]\n{text}")
        )
        return Delivered()

    # The process ---------------------------------------------------------------------------------------------

    def server_started(self) -> None:
        """Record `server_started` once, and watch for the end of the process."""
        if (capture := self.captured_by()) is not None:
            capture.server_started()
            return
        with self._life_lock:
            if self._started_at is not None:
                return
            self._started_at = self.clock.elapsed()
        self.recorder.record(ServerStarted())
        self.watch_signals()

    def after_fork(self) -> None:
        """In a forked child: let go of the parent's files, lock and connection, and start with empty stages."""
        self.spool.abandon()
        self.shipper.after_fork()
        self.sender.abandon()
        self.recorder.uuids.clear()
        self.counters.reset()
        self.begin_life()
        self._connect_stages()


def _write_to_stderr(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # a closed stderr


_pipelines: "weakref.WeakSet[Pipeline]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pipeline in list(_pipelines):
        pipeline.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
