"""The composition root: every part is made and joined here, and nowhere else."""

import logging
import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from ..access import SIGNED_IN, AccessPage, AuditLog, Changes, SignIn, Tokens, audited, key_and_token_commands
from ..access.changes import AnnotationList, annotation_commands
from ..access.links import ReadLinks
from ..admit import Admission, NewInstances, fingerprint, load_catalogues, load_pepper
from ..alerts import AlertService, alert_commands, channels_of, check_alert_settings
from ..answer import Answers, EstablishedValues, ReadGate, SavedSegments, segment_changes, segment_commands
from ..journal import FOLDER, Journal
from ..operate import (
    ExaminedCollector,
    Retention,
    StoreOperations,
    TrustedTime,
    examine_command,
    hourly_cleanup,
    report_command,
)
from ..receive import (
    UNLIMITED,
    DiskQuota,
    FirstKeyWindow,
    Gate,
    IngestionPipeline,
    IngestionRoutes,
    KeyAlarm,
    Limits,
    Peers,
    RefusedError,
    SenderBudget,
    WorkBudget,
    WriteKeys,
)
from ..receive.asgi import Receive, Scope, Send, send_answer
from ..runtime import Command, ControlSocket, Settings, Status
from ..show import routes
from ..show.api import link_commands, page_reads
from ..show.pages import Assets, SecurityHeaders, not_found_handler
from ..store import EventSelection, EventsUnreadableError, Loader, StoreError, open_store, run_recovering
from .addressing import check_sign_in_needed, page_path, without_base
from .gauges import PeriodicCheck, watch_gauges
from .metrics_route import metrics_route
from .probes import Probes

_log = logging.getLogger(__name__)


class Collector:
    """All parts of one collector on one data directory. `start` and `stop` once each, in this order."""

    def __init__(self, settings: Settings) -> None:
        check_sign_in_needed(settings)
        check_alert_settings(settings)
        self.settings = settings
        self.status = Status()
        self._build_storage()
        self._build_ingestion()
        self._build_answers()
        self._build_dashboard()
        self.probes = Probes(self.status)
        self.probed: ASGIApp = SecurityHeaders(self.probes)
        watch_gauges(self.status, settings, self.pipeline.commit_lag)
        # Alarms that are measured, such as a full disk, are in the log also when nobody asks for them.
        self.alarm_check = PeriodicCheck(self._check)

    def _check(self) -> None:
        self.status.alarms()
        self.audit.prune()

    def _build_storage(self) -> None:
        settings, status = self.settings, self.status
        self.catalogues = load_catalogues(settings.products)
        self.pepper = load_pepper(settings.data, settings.pepper)
        journal_dir = settings.data / FOLDER
        self.journal = Journal(
            journal_dir,
            status,
            segment_bytes=settings.segment_bytes,
            segment_seconds=settings.segment_seconds,
        )
        self.store = open_store(settings, self.catalogues, status, fingerprint(self.pepper), self.journal.checksums)
        # Before anything is loaded: the newest event must not be one that a wrong clock stamps now.
        self.time = TrustedTime(settings.data, lambda: run_recovering(self.store, self.store.months.newest_event))
        retention = Retention(self.store, settings, self.time, status)
        housekeeping = hourly_cleanup(self.store, retention)
        self.loader = Loader(self.store, journal_dir, status, housekeeping=housekeeping, losses=self.journal.losses)
        self.operations = StoreOperations(self.store, self.loader, settings, self.pepper, retention)

    def _build_ingestion(self) -> None:
        settings, status = self.settings, self.status
        first_product = settings.default_product if settings.loopback else None
        self.keys = WriteKeys(settings.data, first_product, self.time.now)
        self.first_key = FirstKeyWindow(settings.first_key_seconds)
        new_instances = NewInstances(settings.new_instances_per_hour, UNLIMITED)
        self.peers = Peers(settings.trusted_proxies, settings.unlimited_peers)
        self.gate = Gate(settings, self.peers)
        status.add_gauge("proxy_untrusted", self.gate.proxy_alarm.raised)
        key_alarm = KeyAlarm(settings.key_alarm_per_minute)
        status.add_gauge("key_alarm", key_alarm.raised)
        tools = {name: frozenset(product.tools) for name, product in settings.products.items()}
        self.sender_budget = SenderBudget(settings.established_per_sender)
        admission = self.admission = Admission(
            self.catalogues,
            self.pepper,
            tools,
            settings.max_event_bytes,
            new_instances,
            self.sender_budget.marks_of,
            settings.max_event_age_days * 86_400.0,
        )
        limits = Limits.from_settings(settings)
        quota = DiskQuota(settings)
        status.add_gauge("disk_quota_reached", quota.reached)
        budget = WorkBudget(settings)
        self.pipeline = IngestionPipeline(
            self.gate, budget, quota, limits, self.keys, self.first_key, key_alarm, admission, self.journal, status
        )
        self.routes = IngestionRoutes(self.pipeline, status)

    def _build_answers(self) -> None:
        settings, status = self.settings, self.status
        self.audit, self.links = AuditLog(settings.data), ReadLinks(settings.data)
        self.segments, self.annotations = SavedSegments(settings.data), AnnotationList(settings.data)
        self.answers = Answers(
            self.store,
            self.catalogues,
            settings=settings.products,
            segments=self.segments,
            annotations=self.annotations,
        )
        self.link_parts = (self.links, self.segments, self.catalogues, settings)
        status.add_gauge("values_folded", self.answers.value_caps.folded_values)
        self.read_gate = ReadGate(lambda: self.answers.revision, settings.query_seconds, status)
        self.assistant_answers = self._assistant_answers()
        self.channels = channels_of(settings)
        # What leaves has the names that an assistant sees.
        self.alerts = AlertService(
            settings, self.assistant_answers, self.read_gate, status, self.channels, self.time.now
        )

    def _build_dashboard(self) -> None:
        settings, status = self.settings, self.status
        assets = Assets(root=settings.base_path)
        changes = segment_changes(self.segments, self.catalogues) | link_commands(*self.link_parts)
        application = Starlette(
            routes=[
                metrics_route(status, self.read_gate),
                *routes(
                    assets,
                    self.answers,
                    self.assistant_answers,
                    self.read_gate,
                    status,
                    settings,
                    self.time.now,
                    self.pepper,
                    self.gate.origins,
                    self.segments,
                    audited(changes, self.audit, SIGNED_IN),
                ),
            ],
            exception_handlers={StoreError: self._store_failed, 404: not_found_handler(assets)},
        )
        # Its redirects would name the Host that a proxy passes, and no base path.
        application.router.redirect_slashes = False
        self.tokens = Tokens(settings.data)
        self.sign_in = SignIn(
            application,
            settings.sign_in_secret,
            self.tokens,
            self.links,
            page_reads(self.catalogues),
            AccessPage(self.tokens, self.links, self.audit, settings.base_path),
            Changes(settings, self.keys, self.annotations, self.audit),
            self.gate.origins,
            settings.data,
            settings.base_path,
        )
        self.dashboard: ASGIApp = SecurityHeaders(self.sign_in)

    def _assistant_answers(self) -> Answers:
        """The answers of `/mcp`: where strangers can send, without names that only few instances sent."""
        if not self.settings.reached_by_strangers:
            return self.answers
        tools = {name: product.tools for name, product in self.settings.products.items()}
        return Answers(
            self.store,
            self.catalogues,
            value_caps=EstablishedValues(self.store, tools),
            settings=self.settings.products,
            segments=self.segments,
            annotations=self.annotations,
        )

    def _store_failed(self, request: Request, error: Exception) -> Response:
        """503 where the store can't answer. The log gets the engine's class only: its message may quote data."""
        del request
        self.status.increment("answers_failed")
        if isinstance(error, EventsUnreadableError):
            return JSONResponse({"error": str(error)}, 503)
        _log.error("store: %s; the question stays unanswered", type(error.__cause__ or error).__name__)
        return JSONResponse(
            {"error": "The store can't answer at the moment; see the collector's log."}, 503, {"retry-after": "5"}
        )

    def start(self) -> None:
        """Recover the journal and start to load. Raises OSError when the data directory can't be used."""
        self.journal.start()
        recovered = self.operations.recovered = self.journal.recovered
        if recovered is not None and recovered.live_missing:
            _log.error("journal: the live segment is missing; the latest events that were acknowledged may be lost")
        self._add_established()
        self.loader.start()
        self.read_gate.start()
        self.alarm_check.start()
        self.alerts.start()
        self.control = ControlSocket(self.settings.data, audited(self._commands(), self.audit))
        self.control.start()
        self.status.set_gauge("ready", 1)

    def _commands(self) -> dict[str, Command]:
        parts = (self.settings, self.status, self.answers, self.read_gate, self.gate, self.keys, self.admission)
        return {
            **self.operations.commands(),
            **key_and_token_commands(self.settings, self.keys, self.tokens),
            **segment_commands(self.segments, self.catalogues),
            **link_commands(*self.link_parts),
            **alert_commands(settings=self.settings, channels=self.channels),
            **annotation_commands(self.settings, self.annotations),
            "report": report_command(self.answers, self.read_gate),
            "examine": examine_command(ExaminedCollector(*parts, started=time.time())),
        }

    def _add_established(self) -> None:
        """Instances that are established in the store take no place of their sender's."""
        try:
            for product in self.settings.products:
                rows = self.store.query(
                    "SELECT instance FROM standing WHERE established", EventSelection(product, 0, 1 << 40)
                )
                self.sender_budget.add_established(instance for (instance,) in rows)
        except StoreError:
            _log.warning("store: it does not answer yet; until the next start, established instances take places too")

    def stop(self) -> None:
        """Close the open segment and load all closed ones. Everything acknowledged is on disk already."""
        self.status.set_gauge("ready", 0)
        self.control.stop()
        self.read_gate.stop()
        self.alerts.stop()
        self.alarm_check.stop()
        self.pipeline.close()
        self.journal.close()
        self.loader.stop()
        self.time.keep()
        self.store.close()

    def asgi(self) -> "Callable[[Scope, Receive, Send], object]":
        """The ASGI application: probes; behind the gate, ingestion without sign-in, and the dashboard with it."""
        probes, probed = self.probes, self.probed
        gate, pipeline, ingestion, dashboard = self.gate, self.pipeline, self.routes, self.dashboard
        recognises, base = self.sign_in.recognises, self.settings.base_path

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            # A proxy may have removed the base path already.
            scope["path"] = without_base(scope["path"], base)
            handler = ingestion.handler(scope["path"])
            if handler is None and probes.handles(scope["path"]):
                await probed(scope, receive, send)
                return
            try:
                # Who holds a token or a session is never kept out by strangers who share the address.
                reads = handler is None
                gate.check(scope, signed_in=reads and recognises(scope), names_host=reads)
            except RefusedError as refusal:
                # Pages of other origins send events; they never read the dashboard.
                await send_answer(send, pipeline.refuse(scope, refusal, cross_origin=handler is not None))
                return
            if handler is None:
                scope["path"] = page_path(scope["path"])
                await dashboard(scope, receive, send)
            else:
                await ingestion(handler, scope, receive, send)

        return app
