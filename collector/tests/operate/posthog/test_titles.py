"""No two insights of a product have one title, by which an insight is known."""

import json
from pathlib import Path

import msgspec

from collector.tests.operate.posthog.posthog import a_posthog
from collector.tests.operate.posthog.test_provision import OWN, provision
from footfall.catalogue import Event, catalogue_for
from footfall_collector.operate.posthog.insights import product_insights


def test_events_of_one_meaning_have_an_insight_each_also_where_one_was_there_before(tmp_path: Path) -> None:
    catalogue = tmp_path / "letters.py"
    arguments = ("--product", "post", "--catalogue", str(catalogue))
    twin = OWN.replace("LetterSorted", "LetterScanned").replace("letter_sorted", "letter_scanned")
    twins = OWN.replace("EVENTS = (LetterSorted,)", "") + twin.replace(
        "EVENTS = (Letter", "EVENTS = (LetterSorted, Letter"
    )
    with a_posthog() as posthog:
        catalogue.write_text(OWN)
        assert provision(posthog, *arguments).returncode == 0
        [sorted_before] = [each for each in posthog.kept["insights"] if each["name"] == "post: A letter is sorted"]
        catalogue.write_text(twins)
        # What the version before left: one insight for both, with the query of the last one.
        counted = json.dumps(sorted_before["query"])
        sorted_before["query"] = json.loads(counted.replace("letter_sorted", "letter_scanned"))
        assert provision(posthog, *arguments).returncode == 0
        names = {
            "sorted": "post: A letter is sorted (letter sorted)",
            "scanned": "post: A letter is sorted (letter scanned)",
        }
        ours = [each for each in posthog.kept["insights"] if "A letter is sorted" in each["name"]]
        assert {each["name"]: each["query"]["source"]["series"][0]["event"] for each in ours} == {
            name: f"letter_{verb}" for verb, name in names.items()
        }
        assert len(ours) == 2
        assert sorted_before["name"] == names["scanned"], "it is renamed"
        written = len(posthog.writes)
        assert provision(posthog, *arguments).returncode == 0
        assert len(posthog.writes) == written
        # With one event of that meaning left, its insight has the plain title again.
        catalogue.write_text(OWN)
        assert provision(posthog, *arguments).returncode == 0
        assert [each["name"] for each in posthog.kept["insights"] if "A letter is sorted" in each["name"]].count(
            "post: A letter is sorted"
        ) == 1


def test_no_two_insights_of_a_product_have_one_title() -> None:
    catalogue = catalogue_for("post", events=(described("a_b", "Tool usage."), described("c", "Tool usage (a b)")))
    titles = [insight.title for insight in product_insights(catalogue)]
    assert len(titles) == len({*titles})
    assert {"Tool usage", "Tool usage (a_b)", "Tool usage (a b)"} <= {*titles}


def described(name: str, meaning: str) -> type[Event]:
    """An event without properties."""
    return msgspec.defstruct(name, [], bases=(Event,), namespace={"meaning": meaning}, frozen=True, tag=name)  # type: ignore[return-value]  # it is a subclass
