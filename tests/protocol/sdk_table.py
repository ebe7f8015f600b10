"""The table of docs/sdks.md: the results per SDK, stored in `sdks.json` and compared in every run.

FOOTFALL_WRITE_SDKS=1 .venv/bin/python -m pytest tests/protocol     rewrites the rows; then run `make generate`
"""

import fcntl
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:  # documents are made without what the tests need
    from tests.protocol.talk import Talk

FILE = Path(__file__).with_name("sdks.json")
WRITE = "FOOTFALL_WRITE_SDKS"


class SdkRow(TypedDict):
    """One release of an SDK: whether it is counted once and silent, and how often it sends a request again."""

    sdk: str
    version: str
    protocol: str
    uuids: bool
    counted_once: bool
    silent: bool
    retries: int


def assert_listed(talk: "Talk", sdk: str, version: str, *, complaints: int = 0) -> None:
    """The table has what this conversation showed. Call it after `assert_counted_once`."""
    deliveries = talk.deliveries()
    bodies = [request.body for request in deliveries]
    row = SdkRow(
        sdk=sdk,
        version=version,
        protocol="v1" if b"/i/v1/" in deliveries[0].head else "v0",
        uuids=all(event.get("uuid") for event in talk.sent()),
        counted_once=True,
        silent=complaints == 0,
        retries=len(bodies) - len(set(bodies)),
    )
    if os.environ.get(WRITE):
        _write(row)
    assert row in rows(), f"{row} is not in {FILE.name}: run {WRITE}=1 pytest tests/protocol, then `make generate`"


def rows() -> list[SdkRow]:
    """The rows as they are committed, in the order of the table."""
    listed: list[SdkRow] = json.loads(FILE.read_text("utf-8"))
    return listed


def _write(row: SdkRow) -> None:
    with open(FILE, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        others = [one for one in json.load(file) if _key(one) != _key(row)]
        file.seek(0)
        file.truncate()
        file.write(json.dumps(sorted([*others, row], key=_key), indent=2) + "\n")


def _key(row: SdkRow) -> tuple[str, tuple[int, ...], str]:
    return row["sdk"], tuple(-int(part) for part in row["version"].split(".")), row["protocol"]
