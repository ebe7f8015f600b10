"""The report that a running collector gives over its control socket: to its own user, without address or sign-in."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from ..answer import Answers, BusyError, FilterError, Filters, ReadGate
from ..runtime import Command, ControlError
from ..show.report import build_report
from ..store import EventsUnreadableError, StoreError


def report_command(answers: Answers, gate: ReadGate) -> Command:
    """The command `report`: it takes the query of `/api/report` by name and gives the same answer.

    The command raises ControlError.
    """

    def report(**query: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        try:
            filters = Filters.parse(query, now, answers.catalogues, segments=answers.segments)
            report = gate.answer(lambda: build_report(answers, filters, now))
            fields: dict[str, Any] = msgspec.to_builtins(report)
            return fields
        except FilterError as error:
            raise ControlError(str(error)) from None
        except (BusyError, EventsUnreadableError) as error:
            raise ControlError(str(error)) from None
        except StoreError:
            # The engine's message may quote data.
            raise ControlError("the store can't answer at the moment; see the collector's log") from None

    return report
