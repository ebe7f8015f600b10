"""Damage to any file of a data directory: no traceback, no wrong number, and what is lost is named and counted.

A sample in every run; every file, place and kind with SOAK=1.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.tests.durability.damage import (
    AUDITED,
    EVENTS,
    HOUR,
    KINDS,
    LIVE,
    MONTHS,
    PLACES,
    PRODUCTS,
    PUBLISHED,
    SEGMENT,
    WHOLE_FILE,
    WHOLE_STORE,
    expected,
)

ROOT = Path(__file__).parents[3]
SOAK = bool(os.environ.get("SOAK"))
ENDINGS = ("killed", "stopped")
NOT_DATA = {"lock", "footfall.toml"}
pytestmark = pytest.mark.timeout(7200 if SOAK else 300)

Case = tuple[str, str, str]
"""A file's path in the data directory, the kind of damage, and its place."""


class Starts:
    """Starts of collectors on damaged copies of one data directory, all in one process."""

    def __init__(self, folder: Path, ending: str) -> None:
        self.data, self.ending = folder / "base", ending
        # Noon of yesterday: the events of one month don't reach into another one.
        now = int(time.time()) // 86_400 * 86_400 - 43_200
        command = [sys.executable, "-m", "collector.tests.durability.damage", str(self.data), str(now), ending]
        subprocess.run(command, cwd=ROOT, check=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "collector.tests.durability.damaged_start", str(self.data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def files(self) -> list[str]:
        paths = [path.relative_to(self.data) for path in self.data.rglob("*") if path.is_file()]
        return sorted(str(path) for path in paths if path.name not in NOT_DATA and path.suffix != ".lock")

    def cases(self) -> list[Case]:
        """Every file with every damage; without SOAK one file of each kind, each with another damage."""
        damages = [(kind, place) for kind in KINDS for place in PLACES] + [(kind, "middle") for kind in WHOLE_FILE]
        months = [path for path in self.files() if re.fullmatch(r"store/events-.*\.duckdb", path)]
        whole_store = [
            (month, kind, "") for kind in WHOLE_STORE for month in (months if kind == "older" else months[-1:])
        ]
        if SOAK:
            return [(path, *damage) for path in self.files() for damage in damages] + whole_store
        names = {re.sub("[0-9]+|(?<=copies/)[a-z]+(?=.json)", "0", path): path for path in self.files()}
        if self.ending == "stopped":
            # The others are the same after both endings.
            names = {kind: path for kind, path in names.items() if kind.startswith(("store/", "journal/"))}
        # The two endings have other damages; a step that shares no factor with their number reaches all of them.
        first = 3 * ENDINGS.index(self.ending)
        sample = [(path, *damages[(first + 7 * n) % len(damages)]) for n, path in enumerate(names.values())]
        # The newest month is read before the loader starts, and the engine compares a log's start with its file.
        special = [(names["store/events-0-0.duckdb"], "flip", "middle")]
        if log := names.get("store/rollups.duckdb.wal"):
            special.append((log, "alter", "start"))
        return [*sample, *special, *whole_store[-len(WHOLE_STORE) :]]

    def start(self, case: Case) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(dict(zip(("path", "kind", "place"), case, strict=True))), file=self.process.stdin, flush=True)
        result: dict[str, Any] = json.loads(self.process.stdout.readline())
        return result

    def close(self) -> None:
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module", params=ENDINGS)
def starts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starts]:
    started = Starts(tmp_path_factory.mktemp("damaged"), request.param)
    yield started
    started.close()


def problem(starts: Starts, case: Case, result: dict[str, Any]) -> str:
    """What is wrong with the result of a case; empty where nothing is."""
    path, log = case[0], result["log"]
    if "died" in result or "Traceback" in log:
        return "a traceback, or the end of the process"
    if "refused" in result:
        return "" if _may_refuse(path, result["refused"]) else f"refused: {result['refused']}"
    if path.startswith("journal/") and path.endswith(".open"):
        return _problem_of_live_segment(starts, result)
    if case[1] in WHOLE_STORE[1:]:
        return _problem_of_lost_store(starts, result)
    whole = dict.fromkeys(PRODUCTS, expected(starts.ending))
    verified = result["verified"]
    if result["counts"] != whole:
        return f"counts {result['counts']} instead of {whole}"
    if found := _problem_of_small_files(result) or _problem_of_lists(path, case[1], result):
        return found
    raw = sum(raw + unmerged for _, raw, unmerged in verified["counts"].values())
    if path.startswith("store/events") and verified["lost"]:
        # Events of checkpointed files only, of one month; the log says it with the command.
        checkpointed = len(PRODUCTS) * (EVENTS if starts.ending == "killed" else expected("stopped") // MONTHS)
        if case[1] == "older":
            checkpointed -= len(PRODUCTS) * (EVENTS - HOUR)
        sentence = f"lost {verified['lost']} raw events"
        said = sentence in log and "rebuild --data" in log and any(sentence in fact for fact in result["facts"])
        return "" if verified["lost"] == checkpointed and said else f"lost {verified['lost']}, said: {said}"
    if case[1] == "older":
        return "an older version of a month went unnoticed"
    return "" if not verified["lost"] and raw == sum(whole.values()) else f"{raw} raw events, {verified['lost']} lost"


def _problem_of_small_files(result: dict[str, Any]) -> str:
    if result["forgotten"] != 1:
        return f"{result['forgotten']} forgotten instances instead of 1"
    if (result["keys"], result["tokens"], result["links"]) != (["phc_dot_ai"], ["grafana"], ["board-meeting"]):
        return f"keys {result['keys']}, tokens {result['tokens']}, links {result['links']}"
    if result["alerts"] != ["1 of 1"]:
        return f"alerts {result['alerts']}"
    if result["annotations"] != ["the provider had an outage"]:
        return f"annotations {result['annotations']}"
    expected_month = msgspec.to_builtins(PUBLISHED)
    return "" if result["published"] == [expected_month] else f"{result['published']} is published"


def _problem_of_lists(path: str, kind: str, result: dict[str, Any]) -> str:
    """Saved segments come from their copy. Sessions and the audit log are lost, which the log says."""
    log, whole = result["log"], {"audited": [list(AUDITED)], "sessions": 1}
    if result["segments"] != [[SEGMENT.name, SEGMENT.where]]:
        return f"saved segments {result['segments']}"
    # Two files that are damaged in the same way in each run: what is in them is whole, or the log names the file.
    for name, file in (("audited", "audit.json"), ("sessions", "sessions.json")):
        said = file in log or (path, kind) == ("sessions.json", "remove")
        if result[name] != whole[name] and not (path == file and not result[name] and said):
            return f"{name}: {result[name]}"
    said = "segments.json is damaged" in log
    return "" if said is (path == "segments.json") else f"damage to segments.json is said: {said}"


def _problem_of_questions(result: dict[str, Any]) -> str:
    """Questions are answered from tables of facts, which no chart reads: they count the events that charts count."""
    if result.get("facts_counts") == result.get("counts"):
        return ""
    return f"questions count {result['facts_counts']}, charts {result['counts']}"


def _may_refuse(path: str, sentence: str) -> bool:
    """Only the pepper, keys, tokens and links stop a start: nothing else knows them. The sentence names the file."""
    name = path.rpartition("/")[2]
    if name == "pepper":
        return "pepper" in sentence and "restore" in sentence
    if path in ("keys.json", "tokens.json", "links.json"):
        return name in sentence and ("restore" in sentence or "copy" in sentence)
    return False


def _problem_of_live_segment(starts: Starts, result: dict[str, Any]) -> str:
    """The live segment is the only place of its events: those that remain count, and `verify` counts the others."""
    most, live = expected(starts.ending), MONTHS * LIVE if starts.ending == "killed" else 0
    lost = len(PRODUCTS) * most - sum(result["counts"].values())
    if not 0 <= lost <= len(PRODUCTS) * live:
        return f"{lost} events are lost"
    verified = result["verified"]
    said = f"{lost} of its" in result["log"] or f"with {lost} events is missing" in result["log"]
    said = said and lost == verified["gone"]
    return "" if not lost or said else f"{lost} events are lost and nothing says so"


def _problem_of_lost_store(starts: Starts, result: dict[str, Any]) -> str:
    """Checkpointed events are gone, and each month's number is said; the others come from the journal."""
    stored = EVENTS if starts.ending == "killed" else expected("stopped") // MONTHS
    left = dict.fromkeys(PRODUCTS, expected(starts.ending) - MONTHS * stored)
    if {product: result["counts"].get(product, 0) for product in PRODUCTS} != left:
        return f"counts {result['counts']} instead of {left}"
    sentence = f"with {len(PRODUCTS) * stored} events is missing"
    said = [result["log"].count(sentence), sum(sentence in fact for fact in result["facts"])]
    gone = result["verified"]["gone"]
    return "" if gone == len(PRODUCTS) * MONTHS * stored and said == [MONTHS, MONTHS] else f"gone {gone}, said {said}"


def test_damage_to_any_file_is_survived_and_said(starts: Starts) -> None:
    problems = []
    for case in starts.cases():
        result = starts.start(case)
        found = problem(starts, case, result) or _problem_of_questions(result)
        # `-s` shows how far a run of all cases is.
        print(starts.ending, *case, found or "survived", flush=True)
        if found:
            problems.append(f"{case}: {found}\n{result['log'][-1500:]}")
    assert not problems, "\n".join(problems)


def test_an_undamaged_directory_has_no_problem(starts: Starts) -> None:
    result = starts.start(("copies/keys.json", "extend", "middle"))
    assert problem(starts, ("store/rollups.duckdb", "", ""), result) == ""
    assert result["verified"]["damage"] == []


@pytest.mark.parametrize("starts", ["killed"], indirect=True)
def test_the_command_of_the_log_gives_up_a_damaged_month(starts: Starts, tmp_path: Path) -> None:
    data = tmp_path / "it's data"
    subprocess.run(["cp", "-r", str(starts.data), str(data)], check=True)
    month = min((data / "store").glob("events-*.duckdb"))
    month.write_bytes(b"")
    verify = [sys.executable, "-m", "footfall_collector", "verify", "--data", str(data)]
    first = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert first.returncode == 1
    assert "Traceback" not in first.stderr
    command = re.search(r"footfall-collector (rebuild --data .* --without-damaged)", first.stdout)
    assert command, first.stdout
    subprocess.run([sys.executable, "-m", "footfall_collector", *shlex.split(command[1])], check=True)
    second = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stdout
    assert "was damaged and set aside" in second.stdout
