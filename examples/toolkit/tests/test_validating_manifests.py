"""`validate_manifest` names the field and the line, needs no cluster, and survives any input."""

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.toolkit.tests.tool_calls import ask
from footfall_toolkit.documents import MAX_CHARACTERS, ManifestError, parse_documents
from footfall_toolkit.tools.validate import validate_manifest

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  creationTimestamp: 2026-11-01T00:00:00Z
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: nginx
          ports:
            - containerPort: 80
"""


def problems(manifest: str) -> list[tuple[int, str, str]]:
    answer = validate_manifest(manifest, None)
    found: list[dict[str, Any]] = [*answer["problems"], *(p for d in answer["documents"] for p in d["problems"])]
    assert answer["valid"] == (not found)
    return [(p["line"], p["field"], p["problem"]) for p in found]


def test_a_good_manifest_is_valid(no_cluster: None) -> None:
    answer = ask("validate_manifest", manifest=DEPLOYMENT).data
    assert answer["valid"] is True
    assert answer["documents"] == [
        {"document": 1, "kind": "Deployment", "api_version": "apps/v1", "checked": True, "problems": []}
    ]


def test_a_wrong_type_is_named_with_its_line() -> None:
    wrong = DEPLOYMENT.replace("replicas: 3", 'replicas: "3"')
    assert problems(wrong) == [(7, "spec.replicas", "'3' is not of type 'integer', 'null'")]


def test_a_misspelt_field_is_named_with_its_line() -> None:
    wrong = DEPLOYMENT.replace("ports:", "prots:")
    assert problems(wrong) == [(17, "spec.template.spec.containers[0].prots", "There is no such field")]


def test_a_missing_field_is_named_where_it_is_missing() -> None:
    wrong = DEPLOYMENT.replace("        - name: web\n          image", "        - image")
    assert problems(wrong) == [(15, "spec.template.spec.containers[0]", "'name' is a required property")]


def test_a_key_given_twice_is_named() -> None:
    wrong = DEPLOYMENT.replace("  replicas: 3\n", "  replicas: 3\n  replicas: 4\n")
    assert problems(wrong) == [(8, "replicas", "'replicas' is given twice")]


def test_every_document_is_checked_with_lines_of_the_whole_text() -> None:
    second = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ports:\n    - port: eighty\n"
    answer = validate_manifest(DEPLOYMENT + "---\n" + second, None)
    assert [d["kind"] for d in answer["documents"]] == ["Deployment", "Service"]
    assert [(p["line"], p["field"]) for p in answer["documents"][1]["problems"]] == [(26, "spec.ports[0].port")]


def test_json_is_yaml_too() -> None:
    assert problems('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}') == []


@pytest.mark.parametrize("api_version", ["example.com/v1", "apps.example.com/v1"])
def test_a_custom_resource_is_listed_as_not_checked(api_version: str) -> None:
    answer = validate_manifest(f"apiVersion: {api_version}\nkind: Deployment\nspec: 1\n", None)
    assert (answer["valid"], answer["documents"][0]["checked"]) == (True, False)


def test_a_kind_is_judged_by_the_version_asked_for() -> None:
    manifest = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: x}\n"
    assert validate_manifest(manifest, "v1.34.2")["kubernetes_version"] == "1.34"
    assert validate_manifest(manifest, "1.34")["documents"][0]["checked"] is False


@pytest.mark.parametrize("version", ["9.9", "1.3", "newest", "../../etc", ""])
def test_a_version_without_schemas_is_an_error_and_an_empty_one_the_newest(version: str) -> None:
    answer = ask("validate_manifest", manifest=DEPLOYMENT, kubernetes_version=version)
    assert answer.failed is bool(version)


@pytest.mark.parametrize(
    ("manifest", "line", "part"),
    [
        ("a: [", 1, "Not readable as YAML"),
        ("a: 1\n b: 2\n", 2, "Not readable as YAML"),
        ("a: !!python/object/apply:os.system [ls]", 1, "Not readable as YAML"),
        ("a: \x00", None, "Not readable as YAML"),
        ("[" * 5000, None, "nested too deeply"),
        ("x" * (MAX_CHARACTERS + 1), None, "longer than"),
        ("---\na: 1\n" * 101, None, "more than 100 documents"),
        ("a: &a [1]\nb: *c\n", 2, "Not readable as YAML"),
    ],
    ids=["open", "indented", "python", "null", "deep", "long", "many", "alias"],
)
def test_an_unreadable_manifest_is_reported_with_its_line(manifest: str, line: int | None, part: str) -> None:
    (found,) = problems(manifest)
    assert found[0] == line
    assert part in found[2]


@pytest.mark.parametrize("manifest", ["", "---\n", "# nothing\n", "---\n---\n"])
def test_an_empty_manifest_is_not_valid(manifest: str) -> None:
    assert problems(manifest) == [(1, "", "The manifest is empty")]


@pytest.mark.parametrize("manifest", ["just text", "- a\n- b\n", "kind: 1\napiVersion: v1\n", "kind: Pod\n"])
def test_a_document_that_does_not_say_what_it_is_is_not_valid(manifest: str) -> None:
    assert any("needs apiVersion and kind" in text for _, _, text in problems(manifest))


def test_aliases_that_unfold_to_too_much_are_refused() -> None:
    lines = ["a0: &a0 [1, 1]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 30)]
    assert "unfolds to more than" in problems("\n".join(lines))[0][2]


def test_an_alias_of_itself_is_refused() -> None:
    assert "unfolds to more than" in problems("a: &a [*a]")[0][2]


YAML_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["apiVersion", "kind", "metadata", "spec", "data"]), YAML_VALUES))
def test_any_value_under_a_known_key_gets_an_answer(value: dict[str, Any]) -> None:
    value = {"apiVersion": "v1", "kind": "Pod"} | value
    assert validate_manifest(yaml.safe_dump(value), None)["kubernetes_version"]


@settings(deadline=None, max_examples=200)
@given(st.text(alphabet="a:-[]{}&*!|>'\"#\n\t ?,0é\\%@", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ManifestError):
        assert all(document.line >= 1 for document in parse_documents(text))
