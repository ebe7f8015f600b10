"""Messages and settings that the tests of alerts share."""

from footfall_collector.alerts.message import Message

KEY = "a-key-for-signatures"
AT = 1_795_478_400.0


def message(sentence: str = "`query` fails.", id_: str = "error-rate-dot-ai-1-0") -> Message:
    return Message(
        id_, "alert", "dot-ai", "error-rate", "dot-ai: More errors than usual", (sentence,), AT, {"rate": 0.5}
    )
