"""The public page of a real collector."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.app.http import ask, post
from collector.tests.store.fill_store import PEPPER, admitted, journal
from footfall_collector.receive import WriteKeys
from footfall_collector.show.public.archive import CLOSED_AFTER, first_of_next_month
from footfall_collector.show.public.noise import KeyedNoise
from footfall_collector.show.public.small_groups import GROUP_SCALE, TOTAL_SCALE, noisy_tens
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

SECRET = {"FOOTFALL_SIGN_IN_SECRET": "correct horse battery"}
PUBLIC: dict[str, Any] = {"public_products": "dot-ai", "max_event_age_days": 90}
PROVIDERS = ["anthropic"] * 60 + ["openai"] * 41 + ["xai"] * 4 + ["a secret provider"] * 12
DAYS = (10, 14, 20)
"""Days of the month on which each instance sends, at noon: it is established then."""


def closed_month() -> datetime:
    """The first day of the last closed month; its events are recent enough to be accepted."""
    start = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first_of_next_month(start) + CLOSED_AFTER > datetime.now(UTC):
        start = (start - timedelta(days=1)).replace(day=1)
    return start


def calls(providers: list[str], at: datetime, seed: int = 0) -> list[dict[str, Any]]:
    """A call of one instance for each provider."""
    events: list[dict[str, Any]] = []
    for number, provider in enumerate(providers):
        properties = {"dot_ai_version": "2.3.0", "ai_provider": provider, "is_internal": False}
        call = {"tool": "query", "success": True, "duration_ms": 5, "mcp_client": "Zed"}
        events.append(
            {
                "uuid": str(uuid.uuid4()),
                "event": "tool_executed",
                "distinct_id": f"cluster_{seed + number:016x}",
                "timestamp": at.isoformat(),
                "properties": properties | call,
            }
        )
    return events


def batch(providers: list[str], at: datetime, seed: int = 0) -> bytes:
    """A request of such calls."""
    return json.dumps({"api_key": "phc_public", "batch": calls(providers, at, seed)}).encode()


def fill(data: Path, month: datetime) -> None:
    """A data directory whose journal has the calls of established instances, as they came in."""
    data.mkdir()
    (data / "pepper").write_bytes(PEPPER)
    WriteKeys(data).add("dot-ai", "phc_public")
    moments = [month + timedelta(days=day, hours=12) for day in DAYS]
    journal(data, [admitted(calls(PROVIDERS, at), int(at.timestamp()), int(at.timestamp())) for at in moments])


def published(month: datetime, n: int, scale: float, *subject: str) -> int:
    """The number that is published for a count."""
    return noisy_tens(KeyedNoise(PEPPER, "dot-ai", f"{month:%Y-%m}"), scale, n, *subject)


@pytest.fixture(scope="module")
def month() -> datetime:
    return closed_month()


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory, month: datetime) -> Iterator[CollectorProcess]:
    folder = tmp_path_factory.mktemp("public") / "data"
    fill(folder, month)
    with start_collector(folder, SECRET, segment_seconds=0.1, **PUBLIC) as running:
        wait_for(lambda: stored(running) == 3 * len(PROVIDERS), "the events to be in the store")
        yield running


def stored(collector: CollectorProcess) -> int:
    answer = ask(collector, "GET", "/api/health", headers={"Authorization": "Bearer correct horse battery"})
    return int({fact["id"]: fact["value"] for fact in answer.json["facts"]}["stored"])


def rows(collector: CollectorProcess) -> list[list[Any]]:
    found: list[list[Any]] = ask(collector, "GET", "/public/dot-ai/data.json").json["rows"]
    return found


def test_a_month_that_is_damaged_altered_or_removed_comes_back_from_its_copy(
    collector: CollectorProcess, month: datetime
) -> None:
    before = rows(collector)
    path = collector.data_dir / "public" / "dot-ai" / f"{month:%Y-%m}.json"
    written = path.read_bytes()
    for damaged in (b"", b"\xff" * 40, written.replace(b"0", b"1", 1), written[:-20], None):
        if damaged is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
        assert rows(collector) == before
        assert path.read_bytes() == written


def test_a_month_of_an_earlier_version_gets_a_checksum_and_a_copy(collector: CollectorProcess, month: datetime) -> None:
    path = collector.data_dir / "public" / "dot-ai" / f"{month:%Y-%m}.json"
    before, copy = rows(collector), collector.data_dir / "copies" / path.relative_to(collector.data_dir)
    copy.unlink()
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_bytes()).items() if k != "crc32"}))
    assert rows(collector) == before
    assert "crc32" in json.loads(path.read_bytes())
    assert copy.read_bytes().startswith(path.read_bytes())


def test_a_closed_month_is_public_and_has_no_small_or_unlisted_group(
    collector: CollectorProcess, month: datetime
) -> None:
    name = f"{month:%Y-%m}"
    assert rows(collector) == [
        [name, "all", "all", total := published(month, 117, TOTAL_SCALE, "all", "all")],
        [name, "ai_provider", "anthropic", published(month, 60, GROUP_SCALE, "ai_provider", "anthropic")],
        [name, "ai_provider", "openai", published(month, 41, GROUP_SCALE, "ai_provider", "openai")],
    ]
    page = ask(collector, "GET", "/public/dot-ai").text
    assert f"About <strong>{total} instances</strong>" in page
    for hidden in ("xai", "a secret provider"):
        assert hidden not in page
    for path in ("/", "/api/charts/ai-providers", "/mcp"):
        assert ask(collector, "GET", path).status == 401, "everything else needs a sign-in"


def test_a_month_is_published_once(collector: CollectorProcess, month: datetime) -> None:
    before = rows(collector)
    assert post(collector, batch(["xai"] * 40, month + timedelta(days=27), seed=1000)).status == 200
    wait_for(lambda: stored(collector) == 3 * len(PROVIDERS) + 40, "the late events to be in the store")
    assert rows(collector) == before


def test_the_dataset_has_a_dictionary(collector: CollectorProcess, tmp_path: Path) -> None:
    answer = ask(collector, "GET", "/public/dot-ai/data.parquet")
    assert answer.headers["access-control-allow-origin"] == "*"
    (tmp_path / "data").write_bytes(answer.body)
    with duckdb.connect() as connection:
        stored_rows = connection.execute("SELECT * FROM read_parquet(?)", [str(tmp_path / "data")]).fetchall()
    assert [list(row) for row in stored_rows] == rows(collector)
    dictionary = ask(collector, "GET", "/public/dot-ai/dictionary.json").json
    assert {"month", "dimension", "value", "instances"} == set(dictionary)
    assert {row[1] for row in rows(collector)} <= set(dictionary["dimension"])


def test_a_badge_can_be_embedded_anywhere(collector: CollectorProcess) -> None:
    badge = ask(collector, "GET", "/public/dot-ai/badge/instances.svg")
    assert badge.headers["content-type"] == "image/svg+xml"
    assert badge.headers["cross-origin-resource-policy"] == "cross-origin"
    assert f'aria-label="active instances: {rows(collector)[0][3]}"' in badge.text
    assert ask(collector, "GET", "/public/dot-ai/badge/secrets.svg").status == 404


def test_a_product_without_an_established_instance_has_a_total_of_all_and_no_groups(
    tmp_path: Path, month: datetime
) -> None:
    """Events that come late count for no day: they could all be of one sender."""
    (tmp_path / "data").mkdir()
    WriteKeys(tmp_path / "data").add("dot-ai", "phc_public")
    with start_collector(tmp_path / "data", SECRET, segment_seconds=0.1, **PUBLIC) as young:
        for day in DAYS:
            assert post(young, batch(PROVIDERS, month + timedelta(days=day))).status == 200
        wait_for(lambda: stored(young) == 3 * len(PROVIDERS), "the events to be in the store")
        [[_, dimension, _, instances]] = rows(young)
        assert dimension == "all"
        assert 60 <= instances <= 180
        assert "No instance was established yet, so all of them count" in ask(young, "GET", "/public/dot-ai").text


def test_without_the_setting_nothing_is_published(tmp_path: Path, month: datetime) -> None:
    with start_collector(tmp_path / "data", segment_seconds=0.1) as private:
        assert post(private, batch(PROVIDERS, month + timedelta(days=27))).status == 200
        for path in ("", "/data.json", "/data.parquet", "/dictionary.json", "/badge/instances.svg"):
            assert ask(private, "GET", f"/public/dot-ai{path}").status == 404
        assert not (tmp_path / "data" / "public").exists()


def test_a_month_that_is_not_over_is_not_published(tmp_path: Path) -> None:
    with start_collector(tmp_path / "data", segment_seconds=0.1, **PUBLIC) as young:
        assert post(young, batch(PROVIDERS, datetime.now(UTC))).status == 200
        wait_for(lambda: ask(young, "GET", "/api/charts/tool-usage").json["rows"], "the calls in the charts")
        assert rows(young) == []
        assert "No month has been published yet." in ask(young, "GET", "/public/dot-ai").text
        assert "too few to say" in ask(young, "GET", "/public/dot-ai/badge/instances.svg").text
