"""Whatever a host's function for extra properties returns or raises: none of its code runs, and no signal is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .test_extra_values import SECRET, called, extra, noted


class HostileKey(str):
    """A name that raises wherever it is compared, hashed again or shown."""

    __slots__ = ("calls",)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError(SECRET)

    def __hash__(self) -> int:
        if hasattr(self, "calls"):
            raise RuntimeError(SECRET)
        self.calls = 1
        return hash("plan")


class HostileValue:
    """A value every use of which raises."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(SECRET)

    def __str__(self) -> str:
        raise RuntimeError(SECRET)

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError(SECRET)

    def __hash__(self) -> int:
        raise RuntimeError(SECRET)

    def __bool__(self) -> bool:
        raise RuntimeError(SECRET)


class HostileDict(dict[Any, Any]):
    """A dict that lies about what it has."""

    def __iter__(self) -> Any:
        raise RuntimeError(SECRET)

    keys = items = copy = values = __len__ = __iter__


def test_no_code_of_what_is_returned_runs() -> None:
    telemetry = called(lambda tool: HostileDict({HostileKey("plan"): "paid", "backend": HostileValue(), "beta": False}))
    assert extra(telemetry) == [{"beta": False}]
    assert noted(telemetry) == {"unknown_property": 1, "inadmissible_property": 1}


NAMES = st.sampled_from(["plan", "seats", "beta", "engine", "route", "backend", "gone", "tool", "duration_ms"])
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.builds(HostileValue)
    | st.sampled_from(["free", "paid", "2.0", "sort", "Redis", 10**400, float("nan"), b"free", ("free",)])
)


@given(st.dictionaries(NAMES | st.text() | st.integers(), VALUES, max_size=12))
def test_whatever_is_returned_the_event_has_admitted_values_and_its_own(returned: dict[Any, Any]) -> None:
    telemetry = called(lambda tool: returned)
    [event] = telemetry.named("tool_executed")
    assert {name: event[name] for name in ("tool", "success", "mcp_client")} == {
        "tool": "sort",
        "success": True,
        "mcp_client": "http",
    }
    [found] = extra(telemetry)
    assert found.keys() <= {"plan", "seats", "beta", "engine", "route", "backend"}
    assert found.get("plan") in (None, "free", "paid", "other")
    assert found.get("route") in (None, "sort", "other")
    assert found.get("beta") in (None, True, False)
    assert 0 <= found.get("seats", 0) <= 1000


HOST = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from client.tests.record.test_extra_values import SHOP
from footfall import Telemetry

def end(number, frame):
    raise SystemExit(7)

def function(tool):
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    return {"plan": "free"}

if sys.argv[1] == "SIGTERM":
    signal.signal(signal.SIGTERM, end)
telemetry = Telemetry(SHOP)
telemetry.server_started()
telemetry.fill_properties(function)
with telemetry.tool("sort"):
    pass
print("went on")
"""


@pytest.mark.parametrize(("number", "code"), [("SIGTERM", 7), ("SIGINT", -signal.SIGINT)])
def test_a_signal_that_ends_the_host_ends_it_inside_the_function_too(number: str, code: int, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SHOP_POSTHOG_HOST": "http://127.0.0.1:9"}
    run = [sys.executable, "-c", HOST, number, str(Path(__file__).parents[3])]
    done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
