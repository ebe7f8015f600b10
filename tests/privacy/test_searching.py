"""The search finds planted secrets in every form, and reports nothing else."""

import base64
import gzip
import json
import random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.privacy.places import PLACES
from tests.privacy.planted import DISGUISES, KINDS, LEAST, Plan, make, plan_of, plans
from tests.privacy.searching import Needles

NOISE = random.Random(1).randbytes(300)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(
    disguise=st.sampled_from(sorted(DISGUISES)),
    seed=st.integers(0, 2**48),
    before=st.binary(max_size=5),
    form=st.sampled_from(["plain", "upper", "base64", "base64url", "hex", "url", "json", "json in json"]),
)
def test_a_secret_is_found_in_whatever_form_it_left(
    kind: str, disguise: str, seed: int, before: bytes, form: str
) -> None:
    secret = make("somewhere", 0, kind, disguise, seed)
    raw = before + secret.text.encode() + b" and more"
    text = f"<{secret.text}>"
    hay = {
        "plain": lambda: raw,
        "upper": lambda: raw.upper(),
        "base64": lambda: base64.b64encode(raw),
        "base64url": lambda: base64.urlsafe_b64encode(raw),
        "hex": lambda: raw.hex().encode(),
        "url": lambda: quote(text, safe="").encode(),
        "json": lambda: json.dumps(text).encode(),
        "json in json": lambda: json.dumps(json.dumps(text)).encode(),
    }[form]()
    assert [find.secret for find in Needles([secret]).search({"there": NOISE + hay + NOISE})] == [secret]


@settings(max_examples=10, deadline=None)
@given(plan=plans(PLACES), other=st.integers(0, 2**48))
def test_no_secret_is_found_where_none_is(plan: Plan, other: int) -> None:
    elsewhere = plan_of(PLACES, plan.seed + 1 + other, {})
    text = "\n".join(secret.text for secret in elsewhere.all()).encode()
    assert Needles(plan.all()).search({"text": text, "bytes": gzip.compress(text), "none": b""}) == []


@settings(max_examples=10, deadline=None)
@given(plan=plans(PLACES))
def test_every_planted_secret_is_unlike_all_others_and_can_be_told_from_chance(plan: Plan) -> None:
    texts = [secret.text for secret in plan.all()]
    assert len(set(texts)) == len(texts)
    assert all(len(mark) >= LEAST for secret in plan.all() for mark in secret.marks)
    assert all(secret.marks for secret in plan.all())
    assert {secret.place for secret in plan.all()} == {place.name for place in PLACES}


def test_what_is_allowed_is_not_a_find() -> None:
    secret = make("somewhere", 0, "uuid", "plain", 7)
    hay = {"there": secret.text.encode()}
    assert Needles([secret]).search(hay) != []
    assert Needles([secret], {mark.encode() for mark in secret.marks}).search(hay) == []
