"""`/mcp` of a real collector under the official conformance suite, `@modelcontextprotocol/conformance`.

The suite tests a server made for it, with tools, prompts and resources of fixed names. `PASSING` and
`NOT_APPLICABLE` together are the suite's list of server scenarios.
"""

import json
import os
import re
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from tests.support.collector_process import start_collector

NODE = Path(__file__).parents[2] / "client/tests/mcp/node"
PASSING = (
    "server-initialize",
    "ping",
    "tools-list",
    "resources-list",
    "prompts-list",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)
NO_LOGGING = "a tool sends no log messages, so the server has no logging capability"
NO_RESOURCES = "the server has no resources"
NO_PROMPTS = "the server has no prompts"
ASKS_NOTHING = "no tool asks the client for anything"
NOT_APPLICABLE: Mapping[str, str] = {
    "logging-set-level": NO_LOGGING,
    "completion-complete": "there are no prompts and no resource templates to complete",
    "tools-call-simple-text": "calls test_simple_text, which is not here",
    "tools-call-image": "calls test_image_content; no tool returns images",
    "tools-call-audio": "calls test_audio_content; no tool returns audio",
    "tools-call-embedded-resource": NO_RESOURCES,
    "tools-call-mixed-content": "calls test_multiple_content_types; every tool returns text",
    "tools-call-with-logging": NO_LOGGING,
    "tools-call-error": "calls test_error_handling, which is not here",
    "tools-call-with-progress": "calls test_tool_with_progress; no tool runs long enough to report progress",
    "tools-call-sampling": ASKS_NOTHING,
    "tools-call-elicitation": ASKS_NOTHING,
    "json-schema-2020-12": "calls json_schema_2020_12_tool, which is not here",
    "elicitation-sep1034-defaults": ASKS_NOTHING,
    "server-sse-polling": "calls test_reconnection; every tool answers at once, in JSON, without an event stream",
    "elicitation-sep1330-enums": ASKS_NOTHING,
    "resources-read-text": NO_RESOURCES,
    "resources-read-binary": NO_RESOURCES,
    "resources-templates-read": NO_RESOURCES,
    "resources-subscribe": NO_RESOURCES,
    "resources-unsubscribe": NO_RESOURCES,
    "prompts-get-simple": NO_PROMPTS,
    "prompts-get-with-args": NO_PROMPTS,
    "prompts-get-embedded-resource": NO_PROMPTS,
    "prompts-get-with-image": NO_PROMPTS,
}


def conformance(home: Path, *arguments: str) -> str:
    """What the suite's program prints; its exit code is 1 if one scenario fails."""
    program = NODE / "node_modules/.bin/conformance"
    assert program.exists(), f"{program} is missing: run `make node`"
    return subprocess.run(
        [str(program), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    ).stdout


def passed(checks: list[dict[str, str]]) -> bool:
    """A scenario that only says that it does not apply (INFO, WARNING) has not passed."""
    statuses = {check["status"] for check in checks}
    return "SUCCESS" in statuses and statuses <= {"SUCCESS", "INFO"}


def differences(results: Mapping[str, bool], passing: Collection[str], not_applicable: Collection[str]) -> list[str]:
    """A sentence for each scenario whose result (True: it passed) is not what the two lists say."""
    sentences = [
        f"{name} is new in the suite and {'passes' if ok else 'does not pass'}: add it to PASSING or NOT_APPLICABLE"
        for name, ok in results.items()
        if name not in passing and name not in not_applicable
    ]
    sentences += [f"{name} does not pass" for name in passing if results.get(name) is False]
    sentences += [
        f"{name} passes now: move it from NOT_APPLICABLE to PASSING" for name in not_applicable if results.get(name)
    ]
    sentences += [
        f"{name} is no longer in the suite: remove it from the list"
        for name in (*passing, *not_applicable)
        if name not in results
    ]
    return sentences


@pytest.fixture(scope="module")
def suite_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bool], str]:
    """Scenario → whether it passed; and the output of the collector, which has ended."""
    home = tmp_path_factory.mktemp("conformance")
    with start_collector(home / "data") as collector:
        conformance(
            home, "server", "--url", f"{collector.url}/mcp", "--suite", "all", "--output-dir", str(home / "out")
        )
        code = collector.stop()
    results = {}
    for file in (home / "out").glob("server-*/checks.json"):
        scenario = re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", file.parent.name.removeprefix("server-"))
        results[scenario] = passed(json.loads(file.read_text()))
    assert code == 0
    return results, collector.output


def test_the_scenarios_that_fit_pass_and_the_list_of_the_others_is_exact(
    suite_run: tuple[dict[str, bool], str],
) -> None:
    assert differences(suite_run[0], PASSING, NOT_APPLICABLE) == []


def test_every_listed_scenario_of_the_suite_was_run(suite_run: tuple[dict[str, bool], str], tmp_path: Path) -> None:
    listed = re.findall(r"^  - (\S+)$", conformance(tmp_path, "list", "--server"), re.MULTILINE)
    assert set(listed) == set(suite_run[0])
    assert len(listed) == len(PASSING) + len(NOT_APPLICABLE)


def test_the_suite_leaves_no_error_in_the_log(suite_run: tuple[dict[str, bool], str]) -> None:
    """Most of its requests name something that does not exist, and its event streams are open at the end."""
    assert "ERROR" not in suite_run[1]
    assert "Traceback" not in suite_run[1]


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ({"a": True, "b": False}, None),
        ({"a": False, "b": False}, "a does not pass"),
        ({"a": True, "b": True}, "b passes now: move it from NOT_APPLICABLE to PASSING"),
        ({"a": True}, "b is no longer in the suite: remove it from the list"),
        (
            {"a": True, "b": False, "c": True},
            "c is new in the suite and passes: add it to PASSING or NOT_APPLICABLE",
        ),
    ],
)
def test_a_difference_from_the_list_is_named(results: dict[str, bool], sentence: str | None) -> None:
    assert differences(results, ["a"], ["b"]) == ([] if sentence is None else [sentence])


def test_a_scenario_without_a_successful_check_has_not_passed() -> None:
    assert passed([{"status": "SUCCESS"}, {"status": "INFO"}])
    for statuses in (["INFO"], ["SUCCESS", "FAILURE"], ["SUCCESS", "WARNING"], []):
        assert not passed([{"status": status} for status in statuses])
