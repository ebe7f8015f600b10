"""Plant generated secrets wherever a user's data can be, run real sessions, and search every byte: none is found."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.privacy.places import PLACES
from tests.privacy.planted import Plan, plans
from tests.privacy.proof import findings, gather, missing

RUNS = int(os.environ.get("FOOTFALL_PRIVACY_RUNS", "2"))
"""Each a few hundred secrets; `make soak` makes many more runs."""


@pytest.mark.timeout(120 + 120 * RUNS)
@settings(
    max_examples=RUNS,
    deadline=None,
    # A run takes seconds, and its failure names the secret, the place and the form: shrinking would add nothing.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(plan=plans(PLACES))
def test_nothing_that_is_planted_leaves_or_is_kept(plan: Plan) -> None:
    with tempfile.TemporaryDirectory() as directory:
        evidence = gather(plan, Path(directory))
    assert missing(evidence) == []
    assert findings(plan, evidence) == []
