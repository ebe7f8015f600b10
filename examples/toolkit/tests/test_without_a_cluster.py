"""The tools' messages if the cluster is missing, gone or refuses, and the class of error that telemetry records."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver.exceptions import ToolError

from examples.toolkit.tests.conftest import point_at
from examples.toolkit.tests.tool_calls import ask
from footfall_toolkit.server import build_server
from scripts.demo.standin import KUBECONFIG, StandIn


def error_class(tool: str, **arguments: Any) -> str:
    """The class of the exception behind the SDK's and our own wrapping."""
    with pytest.raises(ToolError) as failure:
        asyncio.run(build_server(log_level="CRITICAL").call_tool(tool, arguments))
    error: BaseException | None = failure.value
    while isinstance(error, ToolError) and error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__


CALLS = [
    ("query", {"kind": "pods"}),
    ("describe", {"kind": "pod", "name": "web-0"}),
    ("events", {}),
    ("logs", {"pod": "web-0"}),
]


@pytest.mark.parametrize(("tool", "arguments"), CALLS)
def test_without_a_kubeconfig_a_tool_fails_and_says_what_to_do(
    no_cluster: None, tool: str, arguments: dict[str, Any]
) -> None:
    answer = ask(tool, **arguments)
    assert answer.failed
    assert "set KUBECONFIG" in answer.text
    assert error_class(tool, **arguments) == "ConfigException"


def test_in_a_pod_without_a_service_account_a_tool_fails_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    assert error_class("events") == "ConfigException"


def test_a_cluster_that_is_gone_is_named_as_unreachable(dead_cluster: None) -> None:
    assert "can't be reached (NewConnectionError)" in ask("events").text
    assert error_class("events") == "MaxRetryError"


def test_version_answers_without_a_cluster(no_cluster: None) -> None:
    answer = ask("version").data
    assert (answer["server"], answer["kubernetes"]) == ("2.2.0", None)
    assert "set KUBECONFIG" in answer["problem"]


def test_what_is_not_there_is_said_in_the_clusters_own_words(standin: StandIn) -> None:
    assert 'pods "nobody" not found' in ask("describe", kind="pod", name="nobody", namespace="shop").text
    assert error_class("describe", kind="pod", name="nobody", namespace="shop") == "NotFoundException"


def test_what_is_not_allowed_is_said_in_the_clusters_own_words(standin: StandIn) -> None:
    assert "nodes is forbidden" in ask("query", kind="nodes").text
    assert error_class("query", kind="nodes") == "ForbiddenException"


def test_an_unknown_kind_is_named(standin: StandIn) -> None:
    assert "serves no kind 'gadgets'" in ask("query", kind="Gadgets").text
    assert error_class("query", kind="gadgets") == "UnknownKindError"
    assert error_class("query", kind="gadgets.example.org") == "UnknownKindError"


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    """A server that answers one request with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        import threading

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(body)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "JSONDecodeError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "ValueError"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", "ServiceException"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "ProtocolError"),
    ],
    ids=["a page", "not an object", "an outage", "a cut answer"],
)
def test_an_answer_that_is_none_fails_plainly(
    body: bytes, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(body) as url:
        point_at(KUBECONFIG.format(url=url), tmp_path, monkeypatch)
        assert error_class("events") == expected


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("logs", {}),
        ("logs", {"pod": "web", "tail_lines": 100_000}),
        ("query", {"kind": "pods", "limit": 0}),
        ("query", {"kind": ""}),
        ("describe", {"kind": "pod", "name": "n" * 300}),
    ],
)
def test_arguments_out_of_bounds_are_refused_before_anything_is_asked(
    standin: StandIn, tool: str, arguments: dict[str, Any]
) -> None:
    assert error_class(tool, **arguments) == "ValidationError"
    assert standin.requests == []
