"""Puts the parts together for one product in one process: recorder, spool, worker, lifecycle."""

import logging
import os
import sys
import threading
import weakref
from collections.abc import Mapping
from time import monotonic
from typing import Any

from .catalogue import ServerStarted, ServerStopped, catalogue_for, clean_version, to_plain_data
from .identity import deployment_method, first_started_at, identify, read_context
from .identity.kubernetes import NO_CLUSTER, ClusterFacts, cluster_configured
from .record import Recorder
from .runtime import (
    VOICE,
    Clock,
    Counters,
    Lifecycle,
    StateDirectory,
    open_state_directory,
    read_json,
    write_json,
)
from .send import Delivered, Outcome, Packer, Poster, Sender, Shipper, Worker, compressed
from .settings import Product, Settings, no_key
from .settings.notice import first_notice
from .spool import Spool
from .version import __version__

EXIT_SECONDS = 2.0
log = logging.getLogger("footfall")


class Pipeline:
    """One product's telemetry while it is on.

    Args:
        preview: print requests on stderr instead of sending them; nothing is written to disk.
    """

    def __init__(self, product: Product, environ: Mapping[str, str], *, preview: bool = False) -> None:
        self.product = product
        self._environ = environ
        self._preview = preview
        self.settings = Settings.read(product, environ)
        self.clock = Clock()
        self.counters = Counters()
        self.catalogue = catalogue_for(product.name, events=product.catalogue, client_names=product.client_names)
        self.state = self._state_directory()
        self._facts: dict[str, Any] = {
            "common": read_context(product, environ),
            "deployment": deployment_method(environ, self.settings.deployment_method),
        }
        self.recorder = self._recorder()
        self.lifecycle = Lifecycle(self.record_stopped, _end_all)
        self._begin()
        _pipelines.add(self)
        warnings = list(self.settings.warnings)
        if preview and not self.settings.key and not self.settings.refusal:
            warnings.append(f"{no_key(product)}; without it nothing is sent when preview ends")
        for warning in warnings:
            log.warning("%s telemetry: %s", product.name, warning)

    def _state_directory(self) -> StateDirectory:
        if self._preview:
            return StateDirectory(None, durable=False, network=False, note="preview: nothing is written")
        return open_state_directory(self.settings.state_dir, named=self.settings.state_dir_named)

    def _recorder(self) -> Recorder:
        parts = self.catalogue, self._keep, self.counters, self.clock
        if not self._preview:
            return Recorder(*parts)
        from .record.preview_hints import HintingRecorder

        return HintingRecorder(*parts, lambda hint: log.warning("%s telemetry: %s", self.product.name, hint))

    def _begin(self) -> None:
        """What a process, or a child after a fork, has of its own."""
        self._started_at: float | None = None
        self._stopped = self._closed = False
        self._life = threading.RLock()
        directory = self.state.path
        spool = os.path.join(directory, "spool") if directory else None
        self.spool = Spool(spool, dict(self._facts), self.counters, self.clock, slow=self.state.network)
        self.poster = Poster(self.settings.host, self._environ)
        self.shipper = Shipper(
            self.spool,
            Packer(self.catalogue),
            self._print if self._preview else self.poster.post,
            self._introduce,
            self.counters,
            self.clock,
            directory=directory,
            key=self.settings.key,
            log=self._log,
        )
        self.worker = Worker(self.shipper, self.settings.flush_seconds)

    def _keep(self, line: bytes) -> None:
        kept = self.spool.append(line)
        self.worker.notify()
        if not kept and self.spool.drainable:
            self.worker.relieve()

    def _log(self, sentence: str) -> None:
        VOICE.say(lambda: log.info("%s telemetry: %s", self.product.name, sentence))

    # On the worker's thread ----------------------------------------------------------------------------------

    def _introduce(self) -> Sender:
        facts = self._cluster()
        durable = self.state.path if self.state.durable else None
        identity = identify(self.product.name, facts, durable, self.clock)
        if self._preview:
            return Sender(identity.id, facts.version, 0.0)
        began = first_started_at(durable, self.clock) if durable else self.clock.now() - self.clock.elapsed()
        self._introduce_product(identity.id, identity.origin)
        return Sender(identity.id, facts.version, began + self.settings.grace_seconds)

    def _cluster(self) -> ClusterFacts:
        if not cluster_configured(self._environ):
            return NO_CLUSTER
        from .identity.kubernetes.ask import ask_api_server

        return ask_api_server(self._environ)

    def _introduce_product(self, instance: str, how: str) -> None:
        """Note in the state directory what the command line needs, and give the notice once in an instance's life."""
        known = read_json(os.path.join(self.state.path, "product.json")) if self.state.path else {}
        if not known.get("noticed"):
            VOICE.say(lambda: log.warning("%s", first_notice(self.product, self.settings)))
        if self.state.path is None:
            return
        about = {
            "name": self.product.name,
            "version": clean_version(self.product.version) or "",
            "host": self.settings.host,
            "key": self.settings.key,
            "client_names": list(self.product.client_names),
            "events": to_plain_data(e for e in self.catalogue.events.values() if e.struct in self.product.catalogue),
            "instance": instance,
            "instance_how": how,
            "footfall": __version__,
            "durability": self.spool.note or self.state.note,
            "grace_seconds": self.settings.grace_seconds,
            "noticed": True,
        }
        if about != known:
            write_json(os.path.join(self.state.path, "product.json"), about)

    def _print(self, body: bytes, timeout: float) -> Outcome:
        head = self.poster.head(compressed(body)).replace("\r\n", "\n")
        text = f"{head}\n{body.decode()}\n"
        VOICE.say(lambda: _to_stderr(f"[footfall preview: this is not sent; the body goes out gzipped]\n{text}"))
        return Delivered()

    # The process's life --------------------------------------------------------------------------------------

    def server_started(self) -> None:
        """Record `server_started` once, and watch for the end of the process."""
        with self._life:
            if self._started_at is not None or self._closed:
                return
            self._started_at = self.clock.elapsed()
        self.recorder.record(ServerStarted())
        self.lifecycle.arm()

    def record_stopped(self) -> None:
        """Record `server_stopped` once, if the server ever started."""
        with self._life:
            if self._started_at is None or self._stopped:
                return
            self._stopped = True
        self.recorder.record(ServerStopped(uptime_seconds=self.clock.elapsed() - self._started_at))

    def close(self, budget_seconds: float = EXIT_SECONDS) -> None:
        """Say that the server stops, try to send for so long, leave the rest to the next start. Idempotent."""
        self.record_stopped()
        with self._life:
            if self._closed:
                return
            self._closed = True
        self.lifecycle.disarm()
        if self.worker.close(budget_seconds):
            # The thread is gone: nobody else touches the spool and the connection now.
            self.spool.close()
            self.poster.close()
        else:
            self.spool.drain()

    def after_fork(self) -> None:
        """In a forked child: let go of what is the parent's and begin anew when the first event comes."""
        self.spool.abandon()
        self.shipper.unlock()
        self.poster.abandon()
        self.recorder.ids.forget()
        self.counters.reset()
        self.lifecycle.disarm()
        self.lifecycle = Lifecycle(self.record_stopped, _end_all)
        self._begin()


def _to_stderr(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # a closed stderr


def _end_all() -> None:
    """The process ends: every pipeline says so first, and then they share the time for sending."""
    pipelines = list(_pipelines)
    for pipeline in pipelines:
        pipeline.record_stopped()
    end = monotonic() + EXIT_SECONDS
    for pipeline in pipelines:
        pipeline.close(end - monotonic())


_pipelines: "weakref.WeakSet[Pipeline]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pipeline in list(_pipelines):
        pipeline.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
