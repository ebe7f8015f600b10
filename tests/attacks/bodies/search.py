"""The search for the body that costs most: Hypothesis changes descriptions of bodies towards a higher cost.

.venv/bin/python -m tests.attacks.bodies.search --minutes 10     writes the worst to tests/attacks/finds

What is searched for is the longest part of a request without a pause of the event loop, and the loop's processor time
per byte sent.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings, target
from hypothesis import strategies as st

from tests.attacks.bodies.loop_cost import Cost, LoopCost, measuring
from tests.attacks.bodies.recipes import ENCODINGS, FILLINGS, PATHS, WRAPPINGS, Recipe

FINDS = Path(__file__).parents[1] / "finds"
_KEPT = 8
_ROUND_EXAMPLES = 40

recipes = st.builds(
    Recipe,
    filling=st.sampled_from(FILLINGS),
    amount=st.integers(0, 21).flatmap(lambda power: st.integers(1 << power, 2 << power)),
    noise=st.sampled_from([0, 2_000, 40_000, 200_000]),
    wrapping=st.sampled_from(WRAPPINGS),
    inner=st.sampled_from(["", "", "", "gzip", "base64"]),
    outer=st.sampled_from(list(ENCODINGS)),
    path=st.sampled_from(PATHS),
    keyed=st.booleans(),
)


@dataclass
class Worst:
    """The costliest descriptions so far, one for each filling, with their longest part in seconds."""

    by_filling: dict[str, tuple[float, Recipe]] = field(default_factory=dict)

    def add(self, recipe: Recipe, cost: Cost) -> None:
        if cost.longest > self.by_filling.get(recipe.filling, (0.0, recipe))[0]:
            self.by_filling[recipe.filling] = (cost.longest, recipe)

    def ranked(self) -> list[tuple[float, Recipe]]:
        return sorted(self.by_filling.values(), key=lambda found: -found[0])


def steady_cost(measured: LoopCost, recipe: Recipe, suspicious: float) -> Cost:
    """The cost of a request; where it is suspiciously high, the lowest of four, for the machine may be busy."""
    costs = [measured.cost(recipe)]
    while costs[-1].longest > suspicious and len(costs) < 4:
        costs.append(measured.cost(recipe))
    return min(costs, key=lambda cost: cost.longest)


def search(measured: LoopCost, worst: Worst, examples: int, number: int | None, suspicious: float) -> None:
    """Try that many descriptions; `number` seeds the choice, None for the same ones every time."""

    @settings(
        max_examples=examples,
        derandomize=number is None,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
    )
    @given(recipes)
    def try_one(recipe: Recipe) -> None:
        cost = steady_cost(measured, recipe, suspicious)
        worst.add(recipe, cost)
        target(cost.longest * 1e3, label="milliseconds at once")
        target(cost.whole * 1e9 / (len(recipe.body()) + 200), label="nanoseconds per byte")

    (seed(number)(try_one) if number is not None else try_one)()


def kept() -> dict[str, Recipe]:
    """The worst finds of earlier searches, by the name of their file."""
    return {path.stem: Recipe(**json.loads(path.read_text("utf-8"))["recipe"]) for path in sorted(FINDS.glob("*.json"))}


def main() -> int:
    """See `--help`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    options = parser.parse_args()
    worst, end, number = Worst(), time.monotonic() + options.minutes * 60, 0
    with tempfile.TemporaryDirectory() as data, measuring(Path(data)) as measured:
        for recipe in kept().values():
            worst.add(recipe, measured.cost(recipe))
        while time.monotonic() < end:
            number += 1
            search(measured, worst, _ROUND_EXAMPLES, number, 10 * measured.honest)
            print(f"round {number}: {worst.ranked()[0]}", file=sys.stderr)
        FINDS.mkdir(exist_ok=True)
        for seconds, recipe in worst.ranked()[:_KEPT]:
            content = {"milliseconds": round(seconds * 1e3, 1), "recipe": recipe.as_json()}
            name = recipe.filling.replace(" ", "-").lower()
            (FINDS / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            print(f"{seconds * 1e3:8.1f} ms  {recipe}")
        print(f"a hundred honest events: {measured.honest * 1e3:.1f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
