"""The commands `alerts list` and `alerts test`, of the running collector or on the data directory."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ..runtime import Command, Settings
from .alert_file import AlertFile
from .channels import Channel, Deadline, DeliveryError
from .entries import alert_entries
from .message import sample_message


def alert_commands(settings: Settings, channels: Sequence[Channel]) -> Mapping[str, Command]:
    """The commands of a running collector."""
    return {"alerts_list": lambda: listed_alerts(settings), "alerts_test": lambda: send_tests(channels)}


def listed_alerts(settings: Settings) -> dict[str, Any]:
    """`{"alerts": [fields of AlertEntry, …]}`, the newest first."""
    return {"alerts": msgspec.to_builtins(alert_entries(AlertFile(settings.data).read().incidents))}


def send_tests(channels: Sequence[Channel], clock: Callable[[], float] = time.time) -> dict[str, Any]:
    """Send a message to every channel: `{"channels": [{"name": …, "problem": a sentence, empty where it arrived}]}`."""
    message, results = sample_message(clock()), []
    for channel in channels:
        problem = ""
        try:
            channel.send(message, Deadline())
        except DeliveryError as error:
            problem = str(error)
        results.append({"name": channel.name, "problem": problem})
    return {"channels": results}
