"""The service of alerts: judges numbers at intervals, and delivers what is waiting, on one thread of its own.

Its questions go through the read gate like those of any reader; where the gate is full or the store fails, it asks
again at the next interval. Receivers are waited for on this thread only. State is on disk before a message is sent, and
again once it was answered.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

from ..answer import Answers, BusyError, ReadGate
from ..runtime import ALERT_RULES, AlertEntry, Settings, Status
from ..store import EventsUnreadableError, StoreError
from .alert_file import AlertFile, Delivery, Digest
from .channels import Channel, Deadline, DeliveryError
from .digest import digest_message, due_day, week_report
from .entries import alert_entries
from .incidents import note_findings
from .message import Message, alert_message
from .observations import CollectorNumbers, RefusalWindow, read_collector, read_product
from .rule_options import rule_options
from .rules import AlertFinding, judge_collector, judge_product

MAX_ATTEMPTS = 12
RETRY_SECONDS, MAX_RETRY_SECONDS = 60.0, 3 * 3600.0
DELIVERIES_A_TURN = 20
TURN_SECONDS = 30.0
JOIN_SECONDS = 2.0
REGRESSIONS_EVERY = 6
"""Regressions are judged at every so many intervals: they are the dearest question, and change slowly."""
_UNANSWERED = (BusyError, EventsUnreadableError, StoreError)

_log = logging.getLogger(__name__)


class AlertService:
    """Alerts of one collector. `start` and `stop` once each.

    Args:
        settings: of the collector.
        answers: with the names that may be shown.
        gate: of reading; it must run.
        status: gets the metrics and the timeline.
        channels: receive the messages.
        clock: epoch seconds.
    """

    def __init__(
        self,
        settings: Settings,
        answers: Answers,
        gate: ReadGate,
        status: Status,
        channels: Sequence[Channel],
        clock: Callable[[], float],
    ) -> None:
        self._settings, self._answers, self._gate, self._status = settings, answers, gate, status
        self._channels = {channel.id: channel for channel in channels}
        self._clock = clock
        self._options = rule_options(settings.alert_rules)
        self._file = AlertFile(settings.data)
        self._content = self._file.read()
        self._entries: list[AlertEntry] = []
        self._refusals = RefusalWindow()
        self._reports: dict[str, Message] = {}
        self._started = self._judged_at = clock()
        self._judgements = 0
        self._deadline = Deadline()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-alerts", daemon=True)
        status.alert_entries = self.entries
        self._show()
        for rule in ALERT_RULES:
            status.add_gauge(f"alerts_open_{rule.replace('-', '_')}", partial(self._open, rule))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Cut a delivery under way; it is repeated after the next start."""
        self._stopping.set()
        self._deadline.stop()
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def entries(self) -> list[AlertEntry]:
        """The incidents that are kept, the newest first. Safe on any thread."""
        return self._entries

    def _show(self) -> None:
        """Pages that were answered before are no longer right once the entries are others."""
        entries = alert_entries(self._content.incidents)
        if entries != self._entries:
            self._entries = entries
            self._status.alerts_revision += 1

    def _open(self, rule: str) -> float:
        return float(sum(each.rule == rule and each.end is None for each in list(self._content.incidents)))

    def _run(self) -> None:
        while not self._stopping.wait(min(TURN_SECONDS, self._settings.alert_seconds)):
            try:
                self.run_once()
            except Exception as error:  # noqa: BLE001 - the thread must outlive any error
                # Its message may quote an address or data.
                self._status.increment("alert_turns_failed")
                _log.error("alerts: a turn failed (%s); the next one follows", type(error).__name__)

    def run_once(self) -> None:
        """Judge what is due, and deliver what waits."""
        now = self._clock()
        self._judge_collector(now)
        # A clock that was set back must not stop the rules for as long.
        if not 0 <= now - self._judged_at < self._settings.alert_seconds:
            self._judged_at = now
            self._judge_products(now)
            self._judgements += 1
            self._status.increment("alerts_judged")
        self._begin_digests(now)
        self._write()
        self._show()
        self._deliver(now)
        self._show()

    def _judge_collector(self, now: float) -> None:
        refusals = self._refusals.observe(self._status, self._answers.products(), now)
        numbers = CollectorNumbers(read_collector(self._status), refusals)
        judged = {("disk", ""), ("collector", ""), *(("refusals", product) for product in refusals)}
        self._note(judge_collector(numbers, self._options), judged, now)

    def _judge_products(self, now: float) -> None:
        with_regressions = self._judgements % REGRESSIONS_EVERY == 0
        for product in self._answers.products():
            if self._stopping.is_set():
                return
            try:
                numbers = self._gate.answer(partial(read_product, self._answers, product, now, with_regressions))
            except _UNANSWERED:
                self._status.increment("alerts_not_judged", product)
                continue
            open_rules = {each.rule for each in self._content.incidents if each.product == product and not each.end}
            findings = judge_product(numbers, self._options, open_rules, now - self._started)
            judged = {(rule, product) for rule in ("error-rate", "active-instances", "no-events", "new-error-class")}
            if with_regressions:
                judged.add(("regression", product))
            self._note(findings, judged, now)

    def _note(self, findings: Sequence[AlertFinding], judged: set[tuple[str, str]], now: float) -> None:
        for incident in note_findings(self._content, findings, judged, self._options, [*self._channels], now):
            _log.warning("alerts: %s began for %s", incident.rule, incident.product or "the collector")

    def _begin_digests(self, now: float) -> None:
        day = due_day(self._settings.alert_digest, now)
        if day is None or not self._channels:
            return
        for product in self._answers.products():
            if any(each.product == product and each.day == day for each in self._content.digests):
                continue
            digest = Digest(f"digest-{product}-{day}", product, day, [Delivery(channel) for channel in self._channels])
            message = self._digest(digest, now)
            if message is None:
                continue
            if message.report is None or message.report.empty:
                digest.deliveries = []
            self._content.digests.append(digest)

    def _digest(self, digest: Digest, now: float) -> Message | None:
        """The digest's message; None while the store can't answer."""
        if digest.id not in self._reports:
            try:
                report = self._gate.answer(partial(week_report, self._answers, digest.product, digest.day, now))
            except _UNANSWERED:
                self._status.increment("alerts_not_judged", digest.product)
                return None
            self._reports[digest.id] = digest_message(digest.id, report, now)
        return self._reports[digest.id]

    def _write(self) -> bool:
        try:
            self._file.write(self._content)
        except OSError as error:
            # A message that can't be noted would be repeated at each start.
            _log.error("alerts: the state can't be written (%s); nothing is sent meanwhile", error.strerror)
            return False
        return True

    def _deliver(self, now: float) -> None:
        turns = 0
        for delivery, message in self._waiting(now):
            if turns >= DELIVERIES_A_TURN or self._stopping.is_set() or not self._write():
                return
            channel = self._channels.get(delivery.channel)
            if channel is None:
                # It is no longer in the settings.
                delivery.state = "failed"
                continue
            made = message()
            if made is None:
                continue
            turns += 1
            self._attempt(channel, delivery, made)
        self._write()
        waiting = {each.id for each in self._content.digests if any(d.state == "waiting" for d in each.deliveries)}
        self._reports = {id_: message for id_, message in self._reports.items() if id_ in waiting}

    def _waiting(self, now: float) -> list[tuple[Delivery, Callable[[], Message | None]]]:
        """What is to be delivered now, the oldest first, each with the function that makes its message."""
        made: list[tuple[Delivery, Callable[[], Message | None]]] = []
        for incident in self._content.incidents:
            made += [(delivery, partial(alert_message, incident)) for delivery in incident.deliveries]
        for digest in self._content.digests:
            made += [(delivery, partial(self._digest, digest, now)) for delivery in digest.deliveries]
        # A wait that is longer than any stems from a clock that was set back.
        return [
            (delivery, message)
            for delivery, message in made
            if delivery.state == "waiting" and not now < delivery.next_at <= now + 2 * MAX_RETRY_SECONDS
        ]

    def _attempt(self, channel: Channel, delivery: Delivery, message: Message) -> None:
        delivery.attempts += 1
        try:
            channel.send(message, self._deadline)
        except DeliveryError as error:
            if self._stopping.is_set():
                delivery.attempts -= 1
                return
            self._failed(channel, delivery, str(error))
        else:
            delivery.state, delivery.at = "sent", self._clock()
            self._status.increment("alerts_sent", reason=channel.kind)
        self._write()

    def _failed(self, channel: Channel, delivery: Delivery, sentence: str) -> None:
        self._status.increment("alerts_failed", reason=channel.kind)
        gives_up = delivery.attempts >= MAX_ATTEMPTS
        delivery.state = "failed" if gives_up else "waiting"
        wait = min(RETRY_SECONDS * 2 ** (delivery.attempts - 1), MAX_RETRY_SECONDS)
        delivery.next_at = self._clock() + wait
        next_step = "it is given up" if gives_up else f"the next attempt is in {wait:,.0f} s"
        _log.warning("alerts: a %s message did not arrive: %s; %s", channel.kind, sentence, next_step)
