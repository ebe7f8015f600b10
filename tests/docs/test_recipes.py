"""Each recipe of CONTRIBUTING.md works: its steps, carried out in a copy of the repository, end as it says."""

from pathlib import Path

import pytest

from tests.docs.pages import Block
from tests.docs.recipes import Step, copy_of_repository, missing, recipes, run, write

RECIPES = recipes()


def test_there_is_a_recipe_for_each_common_change() -> None:
    assert list(RECIPES) == [
        "A property",
        "An event",
        "A chart",
        "A page",
        "A setting",
        "An adapter for an SDK",
        "The dedupe window",
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_ends_as_it_says(name: str, tmp_path: Path) -> None:
    copy = copy_of_repository(tmp_path / "copy")
    assert "console" in [step.block.language for step in RECIPES[name]], "a recipe ends with a command"
    for step in RECIPES[name]:
        if step.path:
            write(step, copy)
            continue
        ran = run(step, copy)
        printed = ran.stdout + ran.stderr
        assert ran.returncode == 0, f"{step.block.place}\n{printed[-6000:]}"
        assert step.prints, f"{step.block.place}: show what the command prints"
        assert missing(step, printed) == [], f"{step.block.place}\n{printed[-3000:]}"


def test_a_step_whose_line_is_gone_says_so(tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("a = 1\n")
    step = Step(Block("page", 7, "python", "b = 2\n", {"edit": "file.py", "after": "c = 3"}))
    with pytest.raises(AssertionError, match=r"page:7: file\.py has 0 lines like this"):
        write(step, tmp_path)


@pytest.mark.timeout(300)
def test_a_chart_without_a_true_answer_fails_and_says_what_to_write(tmp_path: Path) -> None:
    copy = copy_of_repository(tmp_path / "copy")
    for step in RECIPES["A chart"]:
        if step.path and step.path != "tests/oracle/truth.py":
            write(step, copy)
    check = ".venv/bin/python -m pytest collector/tests/answer/test_chart_registry.py -k oracle"
    ran = run(Step(Block("page", 1, "console", check, {})), copy)
    assert ran.returncode == 1
    assert "The chart `client-transports` has no true answer: write `def client_transports(events:" in ran.stdout
