"""The table of PostHog's SDKs, from what the tests of the protocol saw."""

from tests.protocol.sdk_table import rows

_HEAD = "| SDK | version | protocol | gives uuids | counted once | silent | retries |\n|---|---|---|---|---|---|---:|"


def sdk_table() -> str:
    """A Markdown table with a line for each release of an SDK."""
    lines = [
        f"| {row['sdk']} | {row['version']} | {row['protocol']} | {_yes(row['uuids'])} | {_yes(row['counted_once'])} "
        f"| {_yes(row['silent'])} | {row['retries']} |"
        for row in rows()
    ]
    return "\n".join([_HEAD, *lines])


def _yes(value: bool) -> str:
    return "yes" if value else "no"
