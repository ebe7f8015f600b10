"""The files in `deploy` that operators copy: systemd's unit, Prometheus' scrape configuration, Grafana's dashboard."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.tests.app.http import ask, counter, post
from collector.tests.operate.commands import done
from collector.tests.receive.shapes import batch, event
from footfall_collector.runtime.metrics import METRIC_HELP
from tests.operating.prometheus import prometheus, values
from tests.operating.unit import UNIT, command_of_unit, start_unit
from tests.support.collector_process import start_collector
from tests.support.programs import program
from tests.support.waiting import wait_for

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "footfall.json"
MAX_EXPOSURE = 2.0
"""Of systemd's own scale from 0, nothing can be reached, to 10."""


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unit with this environment's command in place of the installed one."""
    text = UNIT.read_text("utf-8")
    assert command_of_unit()[:2] == ["/opt/footfall/bin/footfall-collector", "serve"]
    command = Path(sys.executable).with_name("footfall-collector")
    path = tmp_path_factory.mktemp("unit") / UNIT.name
    path.write_text(text.replace("/opt/footfall/bin/footfall-collector", str(command)), "utf-8")
    return path


def test_systemd_understands_every_line_of_the_unit(unit: Path) -> None:
    ran = subprocess.run(
        [program("systemd-analyze"), "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, [line for line in ran.stderr.splitlines() if UNIT.name in line]) == (0, []), ran.stderr


def test_systemd_rates_the_unit_as_hardened(unit: Path) -> None:
    command = [program("systemd-analyze"), "security", "--offline=true", str(unit)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", ran.stdout)
    assert exposure, ran.stderr
    assert float(exposure[1]) <= MAX_EXPOSURE, ran.stdout


def test_a_collector_does_its_work_within_what_the_unit_allows(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    with start_unit(data, {"FOOTFALL_PORT": "0", "FOOTFALL_SEGMENT_SECONDS": "0.1"}) as collector:
        state = Path(f"/proc/{collector.pid}/status").read_text("utf-8").split()
        assert [state[state.index(name) + 1] for name in ("NoNewPrivs:", "Seccomp:", "Umask:")] == ["1", "2", "0077"]
        assert re.search(r" / / ro[, ]", Path(f"/proc/{collector.pid}/mountinfo").read_text("utf-8"))
        assert post(collector, batch(event())).status == 200
        # A process of its own decodes such a body.
        assert post(collector, batch(*(event() for _ in range(9000)))).status == 200
        wait_for(lambda: counter(collector, "events_stored") == 9001, "the events in the store")
        done(data, "keys", "add", "phc_another_key")
        done(data, "tokens", "add", "grafana")
        done(data, "backup", str(tmp_path / "backup"))
        assert "differ" not in done(data, "verify")
        assert ask(collector, "GET", "/api/pages/overview").json["empty"] is False
        # What root's commands made is the collector's too.
        assert {path.stat().st_uid for path in data.rglob("*")} == {data.stat().st_uid}
        assert collector.stop() == 0
        assert "denied" not in collector.output
        assert "not permitted" not in collector.output


def test_prometheus_scrapes_a_collector_and_answers_every_query_of_the_dashboard(tmp_path: Path) -> None:
    data, token = tmp_path / "data", tmp_path / "token"
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": "the secret of the test"}) as collector:
        done(data, "keys", "add", "phc_public_write_key")
        assert post(collector, batch(event())).status == 200
        assert post(collector, batch(event()).replace(b"phc_public", b"phc_unknown")).status == 401
        token.write_text(done(data, "tokens", "add", "--scope", "metrics", "prometheus").strip())
        with prometheus(collector.port, token, tmp_path) as port:
            for expression in expressions():
                values(port, expression)
            assert values(port, 'footfall_events_accepted_total{job="footfall"}') == ["1"]
            assert values(port, 'footfall_ready{job="footfall"}') == ["1"]


def test_the_dashboard_asks_only_for_metrics_that_the_collector_has() -> None:
    shown = " ".join(expressions())
    names = {name.removesuffix("_total") for name in re.findall(r"footfall_(?!\()(\w+)", shown)}
    names |= set(re.findall(r"footfall_\(([a-z_|]+)\)", shown)[0].split("|"))
    assert names <= METRIC_HELP.keys()


def expressions() -> list[str]:
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
