"""`footfall guide` writes what is true for a product's own events: kinds, limits, words, and what is never sent."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from client.tests.cli.rig import COMMAND, Machine
from footfall import Product
from footfall.catalogue.loading import load_events
from footfall.settings import decide_by_environment
from footfall.testing import capture

HEAD = """
from typing import Annotated
from footfall.catalogue import Amount, Event, ExtraProperties, Flag, Identifier, Property, ToolName, Version, Vocabulary

def said(kind, **more):
    return Property(kind, "Its | meaning", "A purpose", "Which letters get lost?", **more)
"""
EVERY_KIND = f"""{HEAD}
class LetterSent(Event, frozen=True, tag="letter_sent"):
    meaning = "A letter was sent."

    size: Annotated[str, said(Vocabulary("size", ("small", "large")))]
    weight: Annotated[float, said(Amount("grams", 12_345))]
    express: Annotated[bool, said(Flag())]
    via: Annotated[str, said(ToolName())]
    sender: Annotated[str, said(Identifier(), required=False)] = "nobody"
    machine: Annotated[str, said(Version(), required=False)] = "1.0"
    colour: Annotated[str, said(Vocabulary("colour", ("red",)), retired="2.0", required=False)] = ""

class BagSent(Event, frozen=True, tag="bag_sent"):
    meaning = "A bag was sent."

    bag_size: Annotated[str, said(Vocabulary("size", tuple(f"format{{n}}" for n in range(20))))]
    bag_kind: Annotated[str, said(Vocabulary("size", tuple(f"type{{n}}" for n in range(20))))]

EVENTS = (LetterSent, BagSent)
"""
ODD = f"""{HEAD}
class OddSent(Event, frozen=True, tag="sent|`now`"):
    meaning = "Odd."

    size: Annotated[str, said(Vocabulary("size", ("a|b", "`", "c``d", "")))]

EVENTS = (OddSent,)
"""
ONE_WORD = f"""{HEAD}
class LetterSent(Event, frozen=True, tag="letter_sent"):
    meaning = "A letter was sent."

    size: Annotated[str, said(Vocabulary("size", ("small", "large")))]

EVENTS = (LetterSent,)
"""
EXTRA = f"""{HEAD}
class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str, said(Vocabulary("plan", ("free", "paid")))]

EVENTS = (OfCalls,)
"""
REDEFINED = f"""{HEAD}
class Mine(Event, frozen=True, tag="tool_executed"):
    meaning = "Mine."

EVENTS = (Mine,)
"""


def footfall(place: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = Machine(place / "home").environment
    command = [COMMAND, *arguments]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def guide(place: Path, catalogue: str | None, *more: str) -> str:
    """The guide of the product `post` as one line, so that no text is missed at a line's end."""
    arguments = list(more)
    if catalogue is not None:
        (place / "own.py").write_text(catalogue)
        arguments += ["--catalogue", "own.py"]
    done = footfall(place, "guide", "--product", "post", *arguments)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def rows(text: str) -> dict[str, str]:
    """Property to its values, from the tables of a guide that was made one line."""
    return dict(re.findall(r"\| `(\w+)` \| Its \\\| meaning \| (.*?) \| A purpose \|", text))


def test_it_names_the_limits_of_every_kind(tmp_path: Path) -> None:
    text = guide(tmp_path, EVERY_KIND)
    assert "| `letter_sent` | A letter was sent. | `size`, `weight`, `express`, `via`, `sender`, `machine` |" in text
    assert rows(text) == {
        "size": "`large`, `other`, `small`",
        "weight": "number of grams from 0 to 12,000, two significant digits",
        "sender": "code identifier of at most 64 characters, else `other`; optional",
        "machine": "at most three numeric parts and an alpha, beta, rc or dev tag, else `other`; optional",
        "express": "true or false",
        "via": "a registered tool's name, else `other`",
        "bag_size": "one of [21 words](#size-words)",
        "bag_kind": "one of [21 words](#size-2-words)",
    }
    assert "### `size` words `format0`," in text
    assert "### `size 2` words `other`, `type0`," in text
    assert "colour" not in text
    assert "- Which letters get lost?" in text
    assert "It answers five questions" in text
    assert "and two events of post's own" in text


def test_a_name_or_a_word_of_any_characters_breaks_no_table(tmp_path: Path) -> None:
    (tmp_path / "events.py").write_text(ODD)
    text = footfall(tmp_path, "guide", "--product", "post", "--catalogue", "events.py").stdout
    assert "| `` sent\\|`now` `` | Odd. | `size` |" in text
    assert "### `` sent|`now` ``\n" in text
    assert "what post adds (`` sent|`now` ``)" in text
    assert '| "", `` ` ``, `a\\|b`, ``` c``d ```, `other` |' in text


def test_what_is_recorded_is_what_it_says(tmp_path: Path) -> None:
    limits = rows(guide(tmp_path, EVERY_KIND))
    letter, _ = events = load_events(str(tmp_path / "own.py"), "post")
    with capture(Product("post", catalogue=events)) as telemetry:
        values: Mapping[str, object] = {"size": "huge", "weight": 99_999.9, "express": True, "via": "unregistered"}
        telemetry.record(letter(**values, colour="red", sender="free text", machine="1.2.3.4"))
        telemetry.record(letter(**{**values, "weight": 12.345}))
    first, second = telemetry.named("letter_sent")
    assert first == {
        "size": "other", "weight": 12_000, "express": True, "via": "other", "sender": "other", "machine": "other",
    }  # fmt: skip
    assert second["weight"] == 12
    assert first.keys() == limits.keys() - {"bag_size", "bag_kind"}


def test_what_is_never_sent_depends_on_the_own_events(tmp_path: Path) -> None:
    extra = guide(tmp_path, EXTRA)
    assert "`duration_ms`, `mcp_client`, `plan` |" in extra
    assert "Apart from what post adds (`tool_executed.plan`), Footfall never collects:" in extra
    assert rows(extra) == {"plan": "`free`, `other`, `paid`; optional"}
    plain, word, every = guide(tmp_path, "EVENTS = ()"), guide(tmp_path, ONE_WORD), guide(tmp_path, EVERY_KIND)
    assert "a pseudonymous instance ID and contains no personal data." in plain
    assert "nothing else is sent. Never collected: - queries, prompts or intents, and the arguments" in plain
    for text in (word, every):
        assert "no personal data." not in text
        assert "Never collected:" not in text
        assert "No event can hold: - free text" in text
    assert "Apart from what post adds (`letter_sent`), Footfall never collects:" in word
    assert "in no list" not in word
    assert "The texts of `letter_sent.sender` are in no list: each is at most 64 letters, digits and `_`" in every


def test_it_says_where_data_go_how_long_they_stay_and_which_clients_are_named(tmp_path: Path) -> None:
    text = guide(tmp_path, ONE_WORD)
    assert "Events go to the address in the code of post" in text
    assert "365 by default" in text
    more = ("--host", "HTTP://Footfall.example.com/", "--retention-days", "90", "--client-name", "post-bot")
    said = guide(tmp_path, ONE_WORD, *more)
    assert "Events go to `http://footfall.example.com`, under" in said
    assert "The requests are POSTs to" in said
    assert "deletes it after 90 days" in said
    assert "a list of public names, to which post adds `post-bot`, and a word" in said
    assert "`Postman-Client`," in said
    assert "`post-bot`," in said
    assert "Events go to PostHog at `https://eu.i.posthog.com`, under" in guide(
        tmp_path, ONE_WORD, "--host", "https://eu.i.posthog.com"
    )


def test_its_variables_turn_that_product_off(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(ONE_WORD)
    done = footfall(tmp_path, "guide", "--product", "post-office", "--catalogue", "own.py")
    (block,) = re.findall(r"```json\n(.*?)```", done.stdout, re.DOTALL)
    (server,) = json.loads(block)["mcpServers"].values()
    first, *_ = re.findall(r"```yaml\nenv:\n  - name: (\w+)\n    value: \"(\w+)\"\n```", done.stdout)
    for environment in (server["env"], dict([first]), {"POSTOFFICE_TELEMETRY": "0"}, {"POST_OFFICE_NO_TELEMETRY": "1"}):
        assert decide_by_environment(Product("post-office"), environment).mode == "off"
    assert "`POSTOFFICE_TELEMETRY`" in done.stdout
    assert "DOT_AI" not in done.stdout
    assert "dot-ai" not in done.stdout


def test_without_a_catalogue_it_is_that_of_the_products_last_run(tmp_path: Path) -> None:
    before = footfall(tmp_path, "guide", "--product", "post")
    assert before.returncode == 0
    assert "post has not run here yet with telemetry on and --catalogue names none" in before.stderr
    machine = Machine(tmp_path / "home")
    with machine.serving():
        pass
    after = footfall(tmp_path, "guide", "--product", "post")
    assert after.stderr == ""
    assert "`letter_sent`" in after.stdout
    assert "to which post adds `post-office`" in " ".join(after.stdout.split())


def test_a_module_of_the_working_directory_is_found_and_the_dictionary_takes_it_too(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "events.py").write_text(ONE_WORD)
    assert "`letter_sent`" in guide(tmp_path, None, "--catalogue", "shop.events")
    shown = footfall(tmp_path, "dictionary", "--product", "post", "--catalogue", "shop.events", "--json")
    assert "letter_sent" in json.loads(shown.stdout)["$defs"]


def test_it_refreshes_its_own_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    first = guide(tmp_path, ONE_WORD, "--output", "GUIDE.md")
    assert first == "wrote GUIDE.md"
    old = (tmp_path / "GUIDE.md").read_bytes()
    guide(tmp_path, EVERY_KIND, "--output", "GUIDE.md")
    assert (tmp_path / "GUIDE.md").read_bytes() != old
    guide(tmp_path, ONE_WORD, "--output", "GUIDE.md")
    assert (tmp_path / "GUIDE.md").read_bytes() == old
    arguments = ("guide", "--product", "post", "--catalogue", "own.py", "--output")
    for path, says in (
        ("README.md", "README.md exists and was not written by `footfall guide`: move it away, or name another file"),
        ("nowhere/GUIDE.md", "nowhere/GUIDE.md: No such file or directory"),
        (".", ".: Is a directory"),
    ):
        done = footfall(tmp_path, *arguments, path)
        assert (done.returncode, done.stderr) == (1, f"footfall: {says}\n")
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--catalogue", "own.py"), "whose events are in own.py? Add --product NAME."),
        (("--product", "No", "--catalogue", "own.py"), "use lower-case words joined by '-'"),
        (("--product", "post", "--catalogue", "none.py"), "none.py: the catalogue of post must be a Python file"),
        (("--product", "post", "--catalogue", "own.py"), "own.py: Mine is named `tool_executed`, as ToolExecuted is"),
        (("--product", "post", "--host", "ftp://x"), "--host: "),
        (("--product", "post", "--retention-days", "0"), "argument --retention-days"),
    ],
    ids=["no product", "wrong product", "no file", "conflict", "host", "days"],
)
def test_what_can_not_be_used_is_a_sentence(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(REDEFINED)
    done = footfall(tmp_path, "guide", *arguments)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
