"""The threat model's table has a line for each party and for each attack."""

from pathlib import Path

from tests.attacks.parties.claims import Party, attack_tests

THIS = Path(__file__).name


def test_each_party_has_a_line_and_each_attack_has_one_and_a_fault() -> None:
    tests = [test for test in attack_tests() if f"/{THIS}::" not in test.place]
    assert {party for test in tests for party, _ in test.claims} == set(Party)
    silent = [test.place for test in tests if not test.claims]
    assert not silent, f"say what a party can do at most, with @at_most of {Party.__module__}, above {silent}"
    assert not [test.place for test in tests if not test.fault], "a docstring says which fault the test would show"


def test_the_page_has_every_line() -> None:
    page = (Path(__file__).parents[3] / "docs/threat-model.md").read_text(encoding="utf-8")
    for test in attack_tests():
        for _, claim in test.claims:
            assert f"| {claim} |" in page, f"run `make generate`: {test.place} is not in docs/threat-model.md"
