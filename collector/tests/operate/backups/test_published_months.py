"""A restore publishes no month again: the difference of both publications could reveal an instance."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import ask, post
from collector.tests.operate.commands import done
from collector.tests.show.public.test_public_page import PROVIDERS, PUBLIC, batch, closed_month
from footfall_collector.receive import WriteKeys
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)


def months(collector: CollectorProcess) -> Any:
    return ask(collector, "GET", "/public/dot-ai/data.json").json["rows"]


def test_a_month_that_was_published_after_the_backup_is_never_published_with_other_numbers(tmp_path: Path) -> None:
    data, backup, elsewhere = tmp_path / "data", tmp_path / "backup", tmp_path / "elsewhere"
    WriteKeys(data, "dot-ai")
    with start_collector(data, **PUBLIC) as collector:
        assert post(collector, batch(PROVIDERS, closed_month())).status == 200
        wait_for(lambda: ask(collector, "GET", "/api/charts/tool-usage?range=90d").json["rows"], "the events")
        done(data, "backup", "--include-pepper", str(backup))
        assert post(collector, batch(["openai"] * 30, closed_month(), 1000)).status == 200
        done(data, "verify")
        first = months(collector)
        assert first
    done(data, "restore", "--force", str(backup))
    with start_collector(data, **PUBLIC) as collector:
        assert months(collector) == first
    # The directory with what was published is lost: nothing is said of months that it may have published.
    said = done(elsewhere, "restore", "--confirm", str(backup))
    assert f"{closed_month():%Y-%m} stay off the public page" in said
    with start_collector(elsewhere, **PUBLIC) as collector:
        assert months(collector) == []


def test_what_the_directory_published_wins_over_the_backup(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    path = data / "public" / "dot-ai" / "2026-01.json"
    path.parent.mkdir(parents=True)
    month = {"product": "dot-ai", "month": "2026-01", "instances": 20, "calls": 20, "groups": {}}
    path.write_text(json.dumps(month))
    done(data, "verify")
    done(data, "backup", str(backup))
    path.write_text(json.dumps(month | {"instances": 30}))
    done(data, "restore", "--force", str(backup))
    assert json.loads(path.read_text())["instances"] == 30
    path.unlink()
    done(data, "restore", "--force", str(backup))
    assert json.loads(path.read_text())["instances"] == 20
