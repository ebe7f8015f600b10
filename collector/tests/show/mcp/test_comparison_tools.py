"""The tools `explain` and `compare` of `/mcp` answer as the API does."""

import json
import re
from urllib.parse import urlencode

from collector.tests.app.http import ask
from collector.tests.show.mcp.test_endpoint import call_tool, collector
from tests.support.collector_process import CollectorProcess

__all__ = ["collector"]  # the fixture of the other file
MARKED = re.compile(r'\{"untrusted": ("(?:[^"\\]|\\.)*")\}')


def plain(sentence: str) -> str:
    """The sentence as the API has it, in which values are code."""
    return MARKED.sub(lambda match: f"`{json.loads(match[1])}`", sentence)


def test_two_versions_are_compared_and_explained_as_by_the_api(collector: CollectorProcess) -> None:
    sides = {"a": ["version:is:2.3.0"], "b": ["version:is:2.2.0"]}
    query = urlencode([("range", "7d"), *((name, text) for name, texts in sides.items() for text in texts)])
    for tool in ("compare", "explain"):
        page = ask(collector, "GET", f"/api/{tool}?{query}").json
        answer = call_tool(collector, tool, range="7d", **sides)
        assert plain(answer["answer"]) == page["answer"]
        assert answer["how_it_is_made"] == page["note"]
        if tool == "compare":
            assert answer["measures"] == page["measures"]
            assert answer["a"]["scope"] == {"untrusted": page["a"]["scope"]}
        else:
            assert [plain(each["text"]) for each in answer["findings"]] == [each["text"] for each in page["findings"]]
            assert (answer["difference"], answer["low"], answer["high"]) == tuple(
                page[name] for name in ("difference", "low", "high")
            )
    named = call_tool(collector, "explain", range="7d", version="2.3.0", against="2.2.0", measure="median")
    assert (named["measure"], named["unit"]) == ("median", "milliseconds")
    assert named["segment"]["version"] == {"untrusted": "2.3.0"}
