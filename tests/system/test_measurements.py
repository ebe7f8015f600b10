"""The measurements compute correct figures, and write only to their own sections."""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from bench.client.overhead.hosts import INITIALIZE, SESSIONLESS
from bench.client.overhead.measure import balanced
from bench.client.overhead.sink import Sink
from bench.collector.load import requests
from bench.collector.load.subjects import lags
from bench.results import RESULTS, ROOT, Section, marked, publish, refreshed, table


@pytest.mark.parametrize("names", [["a"], ["a", "b"], ["a", "b", "c", "d"]])
def test_each_is_called_after_each_equally_often(names: list[str]) -> None:
    order = balanced(names)
    followed = Counter(pairwise([*order, order[0]]))
    assert followed == {(one, other): 1 for one in names for other in names}


def measured(tmp_path: Path, subject: str, era: str) -> tuple[subprocess.CompletedProcess[str], int]:
    command = [sys.executable, "-m", "bench.client.overhead.measure", "--sdk", "mcp2", "--era", era, "--calls", "50"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with Sink() as sink:
        done = subprocess.run(
            [*command, "--sink", sink.url, "--directory", str(tmp_path), subject],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        return done, sink.taken()


@pytest.mark.parametrize("era", [INITIALIZE, SESSIONLESS])
def test_every_call_that_is_measured_is_on_disk_and_untouched(tmp_path: Path, era: str) -> None:
    done, arrived = measured(tmp_path, "footfall", era)
    said = json.loads(done.stdout)
    assert said["untouched"] is True
    assert said["over"][0] < said["over"][1] < said["plain"]
    assert arrived == 0


def test_what_sends_arrives_at_the_sink(tmp_path: Path) -> None:
    done, arrived = measured(tmp_path, "footfall-sending", SESSIONLESS)
    assert done.returncode == 0, done.stderr
    assert arrived > 50


def test_calls_that_are_not_recorded_are_no_measurement(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "off").touch()  # as `footfall off` leaves it
    done, _ = measured(tmp_path, "footfall", SESSIONLESS)
    assert done.returncode != 0
    assert "0 calls are on disk" in done.stderr


def test_in_documents_each_figure_says_that_it_was_measured() -> None:
    made = table(("", "a"), [("x", "1 µs"), ("y", "2 µs")])
    assert marked(f"Said.\n\n{made}") == f"Said.\n\n{made.replace('µs |', 'µs (M) |')}"


def test_a_section_replaces_its_last_one_and_no_other(tmp_path: Path) -> None:
    results, document = tmp_path / "RESULTS.md", tmp_path / "page.md"
    document.write_text("before\n<!-- generated: bench one -->\nold\n<!-- end of bench one -->\nafter\n")
    other = Section("two", "Another", "python bench/two.py", table(("what", "µs"), [("a|b", "1")]))
    old, new = (table(("what", "µs"), [("a", figure)]) for figure in ("10", "20"))
    publish(Section("one", "First", "python bench/one.py", old), [document], results)
    publish(other, [document], results)
    publish(Section("one", "First", "python bench/one.py", new, ["A note."], {"mcp": "2.3.0"}), [document], results)
    text = results.read_text()
    assert text.count("## First") == text.count("## Another") == 1
    assert "| 10 |" not in text
    assert "| 20 |\n\nA note.\n" in text
    assert "Measured: mcp 2.3.0." in text
    assert r"| a\|b | 1 |" in text
    yardsticks = text.partition("Of this machine: ")[2].partition(".\n")[0]
    assert document.read_text() == (
        f"before\n<!-- generated: bench one -->\n\n{marked(new)}\n\n"
        f"Of the machine that measured this: {yardsticks} (M).\n\n<!-- end of bench one -->\nafter\n"
    )


def test_a_document_says_which_bars_were_missed(tmp_path: Path) -> None:
    results, document = tmp_path / "RESULTS.md", tmp_path / "page.md"
    document.write_text("<!-- generated: bench one -->\n<!-- end of bench one -->\n")
    made = table(("what", "µs"), [("a", "10")])
    bars = "Bars: at most 5 µs: MISSED (10); at most 3 s: kept (2 s); at least 4%: MISSED (1%)"
    publish(Section("one", "First", "python bench/one.py", made, [bars]), [document], results)
    assert (
        "Missed, of the bars that the project sets itself: at most 5 µs (10); at least 4% (1%)." in document.read_text()
    )


def test_a_document_cannot_ask_for_what_was_not_measured() -> None:
    with pytest.raises(ValueError, match="no section nothing"):
        refreshed("<!-- generated: bench nothing -->\n<!-- end of bench nothing -->\n", RESULTS.read_text())


def test_requests_to_the_collector_are_the_clients_with_uuids_of_their_own(tmp_path: Path) -> None:
    requests.write(tmp_path / "made.requests", 5, 40, first=1_795_478_400, rate=20)
    heads, bodies = zip(*(r.split(b"\r\n\r\n", 1) for r in requests.read(tmp_path / "made.requests")), strict=True)
    assert all(head.startswith(b"POST /batch/ HTTP/1.1\r\n") for head in heads)
    said = [json.loads(gzip.decompress(body)) for body in bodies]
    assert [one["sent_at"] for one in (said[0], said[-1])] == ["2026-11-24T00:00:00Z", "2026-11-24T00:00:01Z"]
    events = [event for one in said for event in one["batch"]]
    assert len({event["uuid"] for event in events}) == len(events) == 200
    assert all(event["timestamp"] <= one["sent_at"] for one in said for event in one["batch"])


def test_the_lag_is_the_age_of_the_first_event_that_is_not_stored() -> None:
    acknowledged = [(1.0, 100), (2.0, 200), (3.0, 300)]
    assert lags(acknowledged, [(0.5, 0), (1.5, 0), (2.5, 100), (3.5, 150), (4.0, 300)]) == [0.0, 0.5, 0.5, 1.5, 0.0]


def test_a_short_run_against_the_collector_says_which_bars_were_kept(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "bench/collector/ingest.py",
        "--rounds",
        "1",
        "--seconds",
        "1",
        "--sustained",
        "2",
        "--dry",
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "every acknowledged event in the store: kept" in done.stdout
    assert "| events/s in batches of 100 |" in done.stdout
