"""Sentences keep the values of senders apart from their own words, whatever those values are."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.show.insight import code, printable, render_markup, replace_code, sentences
from footfall_collector.show.insight.regressions import VersionUsage, find_regressions
from footfall_collector.show.statistics.causes import find_causes
from footfall_collector.show.statistics.cube import CallCell

PLAIN = dict.fromkeys(("code", "strong", "bad", "good", "text"), "{}")
MARKER = "planted"
hostile = st.text(st.sampled_from("`*{}|\\[]()<>!#_@=\n\r\t\x1b\u202e\u200b\u2028 a.") | st.characters(), max_size=8)
names = st.builds(lambda before, after: f"{before}{MARKER}{after}", hostile, hostile)


@given(hostile)
def test_a_value_stays_one_piece_of_code(value: str) -> None:
    sentence = f"before {code(value)} after"
    assert replace_code(sentence, lambda text: f"<{text}>") == f"before <{printable(value)}> after"
    assert printable(value).isprintable()
    assert not set("`*{}|\r\n\x1b\u202e") & set(printable(value))


def test_a_usual_value_is_written_as_it_is() -> None:
    for value in ("query", "manage-org-data", "ns/tool_2.v1", "2.3.0-rc", "Claude Code", "日本"):
        assert printable(value) == value
    assert printable("a`b\\c\x1b[31m\u202e\U000e0001") == "a\\u0060b\\u005cc\\u001b[31m\\u202e\\U000e0001"


def test_toned_text_keeps_its_code_in_every_format() -> None:
    forms = {"code": "<{}>", "strong": "S({})", "bad": "B({})", "good": "G({})", "text": "{}"}
    sentence = "**One** is {bad|`x` and `y` worse}, {good|fine} & `z`."
    assert render_markup(sentence, forms) == "S(One) is B(<x> and <y> worse), G(fine) & <z>."
    assert render_markup(sentence, PLAIN, str.upper) == "ONE IS X AND Y WORSE, FINE & Z."


def _usage(tool: str, calls: int, instances: int) -> dict[str, Any]:
    times = {"p50_ms": 10.0 * calls, "errors": calls // 10}
    return {"tool": tool, "calls": calls, "instances": instances, "share": 0.5} | times


@pytest.mark.parametrize("counts", [(500, 400, 30), (30, 30, 30)], ids=["ranked", "tied"])
@given(names=st.tuples(names, names, names), version=names)
def test_every_sentence_has_such_names_as_code_only(
    counts: tuple[int, int, int], names: tuple[str, str, str], version: str
) -> None:
    usage = [_usage(name, n, n) for name, n in zip(names, counts, strict=True)]
    classes = [{"tool": name, "error_type": name, "errors": 5} for name in names]
    providers = [{"ai_provider": name, "instances": n} for name, n in zip(names, counts, strict=True)]
    clients = [{"mcp_client": name, "connections": n} for name, n in zip(names, counts, strict=True)]
    kubernetes = [{"k8s_version": name, "instances": n} for name, n in zip(names, counts, strict=True)]
    releases = {"1.0": VersionUsage({names[0]: (10, 1000)}), "1.1": VersionUsage({names[0]: (200, 1000)})}
    cells = [
        CallCell(day, version, names[0], "cursor", "openai", str(day), usage.errors[names[0]][1] // 5, errors // 5)
        for version, usage in releases.items()
        for errors in [usage.errors[names[0]][0]]
        for day in range(5)
    ]
    worse = find_regressions(releases, find_causes(cells, ["1.0", "1.1"]).causes)
    assert worse
    texts = [
        sentences.overview(usage, usage, 100, 9),
        sentences.tools(usage, 40, usage, None, worse),
        sentences.tools(usage, 40, usage, names[0], worse),
        sentences.errors(usage, usage, classes),
        sentences.clients(providers, clients, 50),
        sentences.next_steps((version, 0.5), kubernetes, [], worse, date(2026, 11, 22)),
        *(each.text for each in worse),
    ]
    assert any(MARKER in text for text in texts)
    for text in texts:
        assert MARKER not in replace_code(text, lambda _: ""), text
        assert "\n" not in text
        assert "`" not in render_markup(text, PLAIN | {"code": ""}), text
