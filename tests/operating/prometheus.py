"""A real Prometheus that scrapes a collector as `deploy/prometheus/prometheus.yml` says, every second."""

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import free_port, program, running
from tests.support.waiting import wait_for

SCRAPE = Path(__file__).parents[2] / "deploy" / "prometheus" / "prometheus.yml"


@contextmanager
def prometheus(collector_port: int, token: Path, folder: Path, rules: str = "") -> Iterator[int]:
    """The port of a Prometheus that has scraped the collector once; `rules` are the text of a rule file."""
    text = SCRAPE.read_text("utf-8").replace("/etc/prometheus/footfall.token", str(token))
    text = text.replace("127.0.0.1:8765", f"127.0.0.1:{collector_port}").replace("30s", "1s")
    text += "global:\n  evaluation_interval: 1s\n"
    if rules:
        (folder / "rules.yml").write_text(rules)
        text += f"rule_files: [{folder / 'rules.yml'}]\n"
    config = folder / "prometheus.yml"
    config.write_text(text)
    subprocess.run([program("promtool"), "check", "config", str(config)], check=True, capture_output=True)
    port = free_port()
    options = [f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with running([program("prometheus"), *options, f"--web.listen-address=127.0.0.1:{port}"], port):
        wait_for(lambda: _is_ready(port) and values(port, 'up{job="footfall"}') == ["1"], "the first scrape", 60)
        yield port


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=30) as response:
            return bool(response.status == 200)
    except urllib.error.HTTPError:
        return False


def values(port: int, expression: str) -> list[str]:
    """The values of a query now. An expression that Prometheus can't evaluate is an error."""
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{query}", timeout=30) as response:
        answer = json.load(response)
    assert answer["status"] == "success"
    return [result["value"][1] for result in answer["data"]["result"]]
