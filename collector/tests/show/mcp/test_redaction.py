"""The content of a request that `/mcp` refuses is neither in the answer nor in the log."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from collector.tests.app.http import Answer, ask
from tests.support.collector_process import CollectorProcess, start_collector

MARKER = "hunter2-is-planted-here"
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
NEWEST = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": NEWEST,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
}
TOOLS = (
    "answers",
    "what_broke",
    "charts",
    "chart",
    "ask",
    "explain",
    "compare",
    "alerts",
    "annotations",
    "data_health",
    MARKER,
)
METHODS = ("tools/call", "tools/list", "resources/read", "prompts/get", "completion/complete", "initialize", MARKER)

planted = st.sampled_from([MARKER, f"http://{MARKER}", f"'{MARKER}\n"])
words = st.sampled_from(["name", "arguments", "id", "since", "range", "jsonrpc", "method", "params", "2.0", "chart"])
leaves = planted | words | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(planted | words, inner, max_size=4),
    max_leaves=8,
)
arguments = st.dictionaries(
    st.sampled_from(["id", "since", "range", "product", "version", "by", "where", MARKER]), values, max_size=4
)


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with start_collector(tmp_path_factory.mktemp("redaction") / "data") as running:
        yield running


def send(collector: CollectorProcess, body: Any, **headers: str) -> Answer:
    """The answer; asserts that neither it nor the log repeats the marker, and that the log has no error."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = ask(collector, "POST", "/mcp", raw, JSON | {k.replace("_", "-"): v for k, v in headers.items()})
    assert MARKER not in answer.text
    assert MARKER not in str(answer.headers)
    assert MARKER not in collector.output
    assert "ERROR" not in collector.output
    assert "Traceback" not in collector.output
    return answer


@given(body=values | st.dictionaries(st.sampled_from(["jsonrpc", "method", "params", MARKER]), values))
@examples(max_examples=60)
def test_a_malformed_request_is_not_repeated(collector: CollectorProcess, body: Any) -> None:
    assert "error" in send(collector, body).json


@given(name=st.sampled_from(TOOLS), method=st.sampled_from(METHODS), params=arguments, data=st.data())
@examples(max_examples=80)
def test_wrong_calls_are_not_repeated(
    collector: CollectorProcess, name: str, method: str, params: dict[str, Any], data: st.DataObject
) -> None:
    arguments_sent = {"name": name, "uri": MARKER, "cursor": MARKER, "arguments": data.draw(st.just(params) | values)}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": arguments_sent | {"_meta": ENVELOPE}}
    named = {"Mcp_Name": data.draw(st.sampled_from([name, MARKER]))} if data.draw(st.booleans()) else {}
    send(collector, body, MCP_Protocol_Version=data.draw(st.sampled_from([NEWEST, MARKER])), Mcp_Method=method, **named)


@pytest.mark.parametrize(
    ("body", "headers", "status", "sentence"),
    [
        ({"hunter2": MARKER}, {}, 400, "wrong or missing parameters"),
        (b'{"x": ' + MARKER.encode(), {}, 400, "not JSON"),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"Mcp_Session_Id": MARKER}, 404, "no such session"),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {"Accept": MARKER}, 406, "Accept"),
        (
            {"jsonrpc": "2.0", "id": 1, "method": MARKER, "params": {"_meta": ENVELOPE}},
            {"MCP_Protocol_Version": NEWEST, "Mcp_Method": MARKER},
            404,
            "no such method",
        ),
    ],
)
def test_a_refusal_says_what_is_wrong(
    collector: CollectorProcess, body: Any, headers: dict[str, str], status: int, sentence: str
) -> None:
    answer = send(collector, body, **headers)
    assert answer.status == status
    assert sentence in answer.json["error"]["message"]
    assert "data" not in answer.json["error"]
