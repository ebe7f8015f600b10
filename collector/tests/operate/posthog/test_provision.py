"""`posthog provision` as a user runs it, against a server that refuses what PostHog's API would refuse."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.tests.operate.posthog.posthog import KEY, PostHog, a_posthog
from footfall.catalogue import catalogue_for
from footfall_collector.operate.posthog.insights import product_insights

COMMAND = os.path.join(os.path.dirname(sys.executable), "footfall-collector")
CHARTS = [
    "tool-usage",
    "tool-errors",
    "tool-duration",
    "error-types",
    "ai-providers",
    "mcp-clients",
    "transports",
    "kubernetes-versions",
    "deployment-methods",
    "versions",
    "active-instances",
    "retention",
    "uptime",
    "events",
]
EXTRA = """
from typing import Annotated

from footfall.catalogue import Amount, ExtraProperties, Property, Vocabulary

WORDS = Vocabulary("plan", ("free", "paid"))


class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str, Property(WORDS, meaning="The plan.", purpose="Count plans", question="which plan?")]
    gone: Annotated[str, Property(WORDS, meaning="Gone.", purpose="None", question="tools", retired="2.0")]


class OfClients(ExtraProperties, frozen=True, tag="client_connected"):
    seats: Annotated[
        float, Property(Amount("seats", 100), meaning="Seats in use.", purpose="Count seats", question="tools")
    ]


EVENTS = (OfCalls, OfClients)
"""
OWN = '''
from typing import Annotated
from footfall.catalogue import Amount, Flag, Version, Vocabulary
from footfall.catalogue import Event, Property

def said(kind, text):
    return Property(kind, meaning=text, purpose="To know", question="next")

class LetterSorted(Event, frozen=True, tag="letter_sorted"):
    """A letter is sorted."""

    size: Annotated[str, said(Vocabulary("size", ("small", "large")), "Its size")]
    weight: Annotated[float, said(Amount("grams", 1000), "Its weight")]
    price: Annotated[float, said(Amount("cents", 1000), "Its weight")]
    urgent: Annotated[bool, said(Flag(), "Whether it is urgent")]
    machine: Annotated[str, said(Version(), "The machine's version")]

EVENTS = (LetterSorted,)
'''


def provision(
    posthog: PostHog, *more: str, key: str = KEY, host: str | None = None
) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "POSTHOG_PERSONAL_API_KEY": key}
    command = [COMMAND, "posthog", "provision", "--host", host or posthog.address, *more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_first_run_makes_the_dashboard_with_an_insight_for_every_chart() -> None:
    with a_posthog() as posthog:
        ran = provision(posthog)
        assert ran.returncode == 0, ran.stderr
        [dashboard] = posthog.kept["dashboards"]
        assert dashboard["name"] == "Footfall: dot-ai"
        assert len(posthog.kept["insights"]) == len(CHARTS)
        assert all(insight["dashboards"] == [dashboard["id"]] for insight in posthog.kept["insights"])
        assert "14 insights are there" in ran.stdout


def test_the_insights_are_the_collectors_charts() -> None:
    assert [insight.id for insight in product_insights(catalogue_for("dot-ai"))] == CHARTS


def test_every_event_and_property_that_an_insight_names_is_in_the_catalogue() -> None:
    catalogue = catalogue_for("dot-ai")
    events = set(catalogue.events) | {None}
    properties = set(catalogue.common).union(*(event.properties for event in catalogue.events.values()))
    for insight in product_insights(catalogue):
        source = insight.query["source"]
        assert {series["event"] for series in source.get("series", ())} <= events, insight.id
        named = {b["property"] for b in source.get("breakdownFilter", {}).get("breakdowns", ())}
        named |= {series["math_property"] for series in source.get("series", ()) if "math_property" in series}
        named |= {one["key"] for one in source["properties"]}
        assert named <= properties, insight.id


def test_a_second_run_writes_nothing() -> None:
    with a_posthog() as posthog:
        provision(posthog)
        written = len(posthog.writes)
        ran = provision(posthog)
        assert ran.returncode == 0, ran.stderr
        assert len(posthog.writes) == written
        assert ran.stdout.count("unchanged") == 1 + len(CHARTS)


def test_a_changed_insight_is_updated_and_a_deleted_one_is_created_again() -> None:
    with a_posthog() as posthog:
        provision(posthog)
        changed, deleted = posthog.kept["insights"][2], posthog.kept["insights"][5]
        wanted = json.dumps(changed["query"])
        changed["query"] = {"kind": "InsightVizNode", "source": {"kind": "TrendsQuery", "series": []}}
        deleted["deleted"] = True
        ran = provision(posthog)
        assert (ran.stdout.count("updated"), ran.stdout.count("created")) == (1, 1)
        assert json.dumps(changed["query"]) == wanted
        assert [i["name"] for i in posthog.kept["insights"] if not i["deleted"]].count(deleted["name"]) == 1


def test_an_insight_stays_on_other_dashboards() -> None:
    with a_posthog() as posthog:
        provision(posthog)
        first = posthog.kept["insights"][0]
        first["dashboards"] = [1, 99]
        ran = provision(posthog)
        assert first["dashboards"] == [1, 99]
        assert ran.stdout.count("unchanged") == 1 + len(CHARTS)


def test_each_product_has_its_own_dashboard() -> None:
    with a_posthog() as posthog:
        provision(posthog)
        assert provision(posthog, "--product", "parcel").returncode == 0
        assert [d["name"] for d in posthog.kept["dashboards"]] == ["Footfall: dot-ai", "Footfall: parcel"]
        assert len(posthog.kept["insights"]) == 2 * len(CHARTS)
        [versions] = [i for i in posthog.kept["insights"] if i["name"] == "parcel: Product versions over time"]
        assert "parcel_version" in json.dumps(versions["query"])


def test_each_event_and_property_of_a_products_own_catalogue_gets_its_insights(tmp_path: Path) -> None:
    (tmp_path / "letters.py").write_text(OWN)
    with a_posthog() as posthog:
        ran = provision(posthog, "--product", "post", "--catalogue", str(tmp_path / "letters.py"))
        assert ran.returncode == 0, ran.stderr
        sources = {i["name"].removeprefix("post: "): i["query"]["source"] for i in posthog.kept["insights"]}
    assert len(sources) == len(CHARTS) + 8
    assert [one["math"] for one in sources["A letter is sorted"]["series"]] == ["total", "dau"]
    shown = {name: sources[f"letter_sorted: {name}"] for name in ("size", "urgent", "machine, share over time")}
    assert [one["breakdownFilter"]["breakdowns"][0]["property"] for one in shown.values()] == [
        "size",
        "urgent",
        "machine",
    ]
    assert [one["trendsFilter"] for one in shown.values()] == [
        {"display": "ActionsBarValue"},
        {"display": "ActionsBarValue"},
        {"display": "ActionsBar", "showPercentStackView": True},
    ]
    for number in ("weight", "price"):
        [bins] = sources[f"letter_sorted: {number}, distribution"]["breakdownFilter"]["breakdowns"]
        assert bins == {"property": number, "type": "event", "histogram_bin_count": 10}
        measured = sources[f"letter_sorted: {number}, percentiles"]["series"]
        assert [(one["math"], one["math_property"]) for one in measured] == [
            ("median", number),
            ("p95", number),
            ("p99", number),
        ]
        assert measured[0]["custom_name"] == f"median ({'grams' if number == 'weight' else 'cents'})"


def test_each_extra_property_of_a_standard_event_gets_its_insights(tmp_path: Path) -> None:
    (tmp_path / "plans.py").write_text(EXTRA)
    with a_posthog() as posthog:
        ran = provision(posthog, "--product", "post", "--catalogue", str(tmp_path / "plans.py"))
        assert ran.returncode == 0, ran.stderr
        sources = {i["name"]: i["query"]["source"] for i in posthog.kept["insights"]}
    assert len(sources) == len(CHARTS) + 3
    plans, seats = sources["post: tool_executed: plan"], sources["post: client_connected: seats, percentiles"]
    assert plans["breakdownFilter"]["breakdowns"] == [{"property": "plan", "type": "event"}]
    assert [series["event"] for series in plans["series"]] == ["tool_executed"]
    assert [series["math"] for series in seats["series"]] == ["median", "p95", "p99"]
    assert seats["series"][0]["event"] == "client_connected"
    assert "post: client_connected: seats, distribution" in sources


def test_dry_run_prints_the_requests_of_a_first_run_and_sends_none() -> None:
    with a_posthog() as posthog:
        ran = provision(posthog, "--dry-run", key="")
        assert (ran.returncode, posthog.asked) == (0, [])
        printed = requests_in(ran.stdout)
        provision(posthog)
        assert [method for method, _ in printed] == [method for method, _ in posthog.writes]
        kept = posthog.kept["insights"]
        assert [body["name"] for _, body in printed[1:]] == [insight["name"] for insight in kept]
        assert printed[0][1]["name"] == posthog.kept["dashboards"][0]["name"]
        for (_, body), insight in zip(printed[1:], kept, strict=True):
            assert body["description"] == insight["description"]
            assert has(insight["query"], body["query"]), body["name"]


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("posthog.example.com", "with https://, such as https://eu.posthog.com"),
        ("https://eu.i.posthog.com/", "that is PostHog's address for events; write https://eu.posthog.com"),
    ],
)
def test_a_dry_run_refuses_the_hosts_that_a_real_run_refuses(host: str, says: str) -> None:
    with a_posthog() as posthog:
        ran = provision(posthog, "--dry-run", key="", host=host)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert says in ran.stderr


def test_a_missing_catalogue_is_reported_in_a_sentence() -> None:
    with a_posthog() as posthog:
        ran = provision(posthog, "--dry-run", "--catalogue", "nope.py")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "footfall-collector: nope.py does not exist; check --catalogue\n"


def test_the_key_as_an_option_wins_over_the_variable() -> None:
    with a_posthog() as posthog:
        ran = provision(posthog, "--personal-api-key", KEY, "--dry-run", key="")
        assert (ran.returncode, posthog.asked) == (0, [])
        assert KEY not in ran.stdout + ran.stderr
        ran = provision(posthog, "--personal-api-key", KEY, key="phx_of_nobody")
        assert (ran.returncode, len(posthog.kept["dashboards"])) == (0, 1), ran.stderr


def has(kept: Any, sent: Any) -> bool:
    """Whether a stored object has everything that was sent; PostHog adds fields."""
    if isinstance(sent, dict):
        return all(has(kept[name], value) for name, value in sent.items())
    if isinstance(sent, list):
        return len(kept) == len(sent) and all(map(has, kept, sent))
    return bool(kept == sent)


def requests_in(text: str) -> list[tuple[str, Any]]:
    """(method, body) of each request that is printed."""
    found, decoder = [], json.JSONDecoder()
    while text:
        head, _, rest = text.partition("\n")
        body, end = decoder.raw_decode(rest)
        found.append((head.split()[0], body))
        text = rest[end:].lstrip()
    return found


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"key": ""}, "POSTHOG_PERSONAL_API_KEY"),
        ({"key": "phx_of_nobody"}, "dashboard:write"),
        ({"host": "http://127.0.0.1:9"}, "can't be reached"),
        ({"host": "eu.posthog.com"}, "with https://, such as https://eu.posthog.com"),
        ({"host": "https://us.i.posthog.com"}, "that is PostHog's address for events; write https://us.posthog.com"),
    ],
)
def test_an_error_says_what_to_do(how: dict[str, str], says: str) -> None:
    with a_posthog() as posthog:
        ran = provision(posthog, **how)
        assert ran.returncode == 1
        assert says in ran.stderr
        assert "Traceback" not in ran.stderr
        assert KEY not in ran.stderr


def test_a_key_without_scopes_is_answered_with_the_scopes_it_needs() -> None:
    with a_posthog() as posthog:
        posthog.scopes = False
        ran = provision(posthog)
        assert ran.returncode == 1
        assert "insight:write" in ran.stderr


@pytest.mark.parametrize("discards", [True, False])
def test_a_project_that_keeps_addresses_is_advised_to_discard_them(discards: bool) -> None:
    with a_posthog() as posthog:
        posthog.anonymize = discards
        assert ("Discard client IP data" in provision(posthog).stdout) is not discards
