"""A catalogue changes: releases with the old one send to a collector with the new one, and the reverse."""

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from collector.tests.app.http import ask, counter, post
from tests.support.collector_process import CollectorProcess, start_collector
from tests.support.waiting import wait_for
from tests.system.evolution import CHANGES, HEAD, ONLY_MADE, PAGES, words

SEND = """
import importlib.util, json, sys
from footfall import Product, Telemetry

for name, version, key, path, values, shipped in json.loads(sys.argv[1]):
    spec = importlib.util.spec_from_file_location("c_" + name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    telemetry = Telemetry(Product(name, version=version, catalogue=module.EVENTS, write_key=key))
    assert telemetry.active, telemetry.decision
    telemetry.record(module.Made(**values))
    if shipped:
        telemetry.record(module.Shipped(pages=1))
    print(telemetry.flush(float(sys.argv[2])), flush=True)
    telemetry.close()
"""
SENDERS = [(change, release) for change in CHANGES for release in ("old", "new")]
OTHER = {"old": "new", "new": "old"}
VERSIONS = {"old": "1.0.0", "new": "2.0.0"}


def name_of(change: str, release: str) -> str:
    return f"{change}-{release}"


@dataclass(frozen=True)
class Evolved:
    """A collector to which each release of each product has sent; its catalogues are those of the other release.

    Attributes:
        told: product → what does not fit → (number, since when, versions).
        rows: product → the stored events `made`, each property by name.
    """

    told: dict[str, dict[str, list[Any]]]
    rows: dict[str, list[dict[str, Any]]]
    metrics: str
    output: str


@pytest.fixture(scope="module")
def evolved(tmp_path_factory: pytest.TempPathFactory) -> Evolved:
    place = tmp_path_factory.mktemp("evolving")
    data = place / "data"
    data.mkdir()
    settings, keys = "", []
    for change, release in SENDERS:
        name = name_of(change, release)
        for each in ("old", "new"):
            (data / f"{name}_{each}.py").write_text(CHANGES[change].catalogue(each))
        settings += f'[products.{name}]\ncatalogue = "{name}_{OTHER[release]}.py"\n'
        keys.append({"key": f"phc_{name}", "product": name, "added": "2026-01-01T00:00:00Z"})
    (data / "footfall.toml").write_text(settings)
    (data / "keys.json").write_text(json.dumps({"keys": keys}))
    with start_collector(data) as collector:
        send(place, collector.url)
        wait_for(lambda: counter(collector, "events_stored") == len(SENDERS), "the events", 60)
        seen, metrics = told(collector), ask(collector, "GET", "/metrics").text
    return Evolved(seen, stored(data), metrics, collector.output)


def send(place: Path, url: str) -> None:
    senders, environ = [], {"PATH": "/usr/bin:/bin", "HOME": str(place)}
    for change, release in SENDERS:
        name, one = name_of(change, release), CHANGES[change]
        values = one.old if release == "old" else one.new
        path = str(place / "data" / f"{name}_{release}.py")
        senders.append([name, VERSIONS[release], f"phc_{name}", path, values, one.shipped and release == "new"])
        prefix = name.upper().replace("-", "_")
        environ |= {
            f"{prefix}_POSTHOG_HOST": url,
            f"{prefix}_TELEMETRY_GRACE_SECONDS": "0",
            f"{prefix}_TELEMETRY": "true",
        }
    run = [sys.executable, "-c", SEND, json.dumps(senders), "20"]
    sent = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert sent.returncode == 0, sent.stderr
    assert sent.stdout.split() == ["True"] * len(SENDERS), sent.stderr


def told(collector: CollectorProcess) -> dict[str, dict[str, list[Any]]]:
    """By product and what does not fit: number, since when, versions."""
    [rows] = [
        table["rows"] for table in ask(collector, "GET", "/api/health").json["tables"] if table["id"] == "misfits"
    ]
    found: dict[str, dict[str, list[Any]]] = defaultdict(dict)
    for product, what, *more in rows:
        found[product][what] = more
    return found


def stored(data: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in (data / "store").glob("events-*.duckdb"):
        with duckdb.connect(str(path), read_only=True) as connection:
            answer = connection.execute("FROM events WHERE event = 'made'")
            names = [column[0] for column in answer.description or ()]
            for row in answer.fetchall():
                values = dict(zip(names, row, strict=True))
                found[values["product"]].append(values)
    return found


@pytest.mark.parametrize(("change", "release"), SENDERS)
def test_the_event_is_kept_with_every_property_that_both_know(evolved: Evolved, change: str, release: str) -> None:
    expected = CHANGES[change].old_stored if release == "old" else CHANGES[change].new_stored
    [row] = evolved.rows[name_of(change, release)]
    assert {name: row[name] for name in expected} == expected
    assert row["product_version"] == VERSIONS[release]


@pytest.mark.parametrize(("change", "release"), SENDERS)
def test_the_operator_sees_what_does_not_fit_since_when_and_from_which_version(
    evolved: Evolved, change: str, release: str
) -> None:
    name = name_of(change, release)
    expected = CHANGES[change].old_told if release == "old" else CHANGES[change].new_told
    assert evolved.told.get(name, {}).keys() == set(expected)
    for what in expected:
        number, since, versions = evolved.told[name][what]
        assert (number, versions) == (1, VERSIONS[release])
        datetime.strptime(since, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        assert evolved.output.count(f"{name}, version {VERSIONS[release]}: {what}") == ("retired" not in what)
        assert f'catalogue_misfits_total{{product="{name}",reason="{what}"}} 1' in evolved.metrics


def test_a_property_of_another_type_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "footfall.toml").write_text('[products.shop]\ncatalogue = "shop.py"\n')
    (data / "keys.json").write_text('{"keys": [{"key": "phc_shop", "product": "shop", "added": ""}]}')
    (data / "shop.py").write_text(HEAD + PAGES + ONLY_MADE)
    with start_collector(data) as collector:
        event = {"event": "made", "distinct_id": "x", "properties": {"pages": 3}}
        assert post(collector, json.dumps({"api_key": "phc_shop", "batch": [event]}).encode()).status == 200
    (data / "shop.py").write_text(HEAD + words("pages", "few many") + ONLY_MADE)
    with pytest.raises(AssertionError, match="instead of listening") as ended:
        start_collector(data)
    assert "`pages` is kept as DOUBLE, but the catalogue says VARCHAR: give the changed property another name" in str(
        ended.value
    )
    assert "Traceback" not in str(ended.value)


def test_events_that_an_earlier_release_left_on_disk_are_delivered_by_the_next_one(tmp_path: Path) -> None:
    """The new release checks the lines again by its own catalogue, which has one property more."""
    data = tmp_path / "data"
    data.mkdir()
    change = CHANGES["add"]
    for release in ("old", "new"):
        (data / f"{release}.py").write_text(change.catalogue(release))
    (data / "footfall.toml").write_text('[products.shop]\ncatalogue = "new.py"\n')
    (data / "keys.json").write_text('{"keys": [{"key": "phc_shop", "product": "shop", "added": ""}]}')
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    with start_collector(data) as collector:
        environ["SHOP_POSTHOG_HOST"] = collector.url
        for release, grace, seconds in (("old", "600", "0"), ("new", "0", "20")):
            sender = ["shop", VERSIONS[release], "phc_shop", str(data / f"{release}.py")]
            values = change.old if release == "old" else change.new
            run = [sys.executable, "-c", SEND, json.dumps([[*sender, values, False]]), seconds]
            environ["SHOP_TELEMETRY_GRACE_SECONDS"] = grace
            subprocess.run(run, env=environ, capture_output=True, timeout=120, check=True)
            assert counter(collector, "events_accepted") == (0 if release == "old" else 2)
        wait_for(lambda: counter(collector, "events_stored") == 2, "both events", 60)
    assert sorted((row["pages"], row["paper"]) for row in stored(data)["shop"]) == [(3.0, None), (4.0, "a4")]
