"""The tools of every server in these tests, and their command line. Imports no SDK."""

import argparse
import json
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Annotated, Any

import anyio.lowlevel

from footfall import Product, Telemetry
from footfall.catalogue import ExtraProperties, Property, ToolName, Vocabulary

CLIENTS = ("client-a", "client-b", *(f"client-{n}" for n in range(50)))
SECRET = "hunter2-in-a-message"


class ShopClosedError(Exception):
    """An exception class that the host defines."""


def greet(text: str) -> str:
    return f"hello {text}"


async def greet_async(text: str) -> str:
    await anyio.lowlevel.checkpoint()
    return f"hello {text}"


def crash() -> str:
    raise LookupError(SECRET)


def crash_custom() -> str:
    raise ShopClosedError(SECRET)


def crash_made() -> str:
    raise type("Customer_alice", (RuntimeError,), {})(SECRET)


async def slow() -> str:
    await anyio.sleep(60)
    return "too late"


PLAIN = (greet, crash, crash_custom, crash_made, slow)
"""Registered before `instrument`; `greet_async` comes after it."""
GREET_SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
EMPTY_SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}


PLAN = Property(Vocabulary("plan", ("free", "paid")), meaning="The plan", purpose="Count plans", question="next")
CALLED = Property(ToolName(), meaning="The called tool", purpose="Test it", question="tools")


class OfCalls(ExtraProperties, frozen=True, tag="tool_executed"):
    plan: Annotated[str, PLAN]
    called: Annotated[str, CALLED]


class OfClients(ExtraProperties, frozen=True, tag="client_connected"):
    plan: Annotated[str, PLAN]


def extra_properties(tool: str | None) -> dict[str, Any]:
    """What the host says of a call or a connection."""
    return {"plan": "free"} if tool is None else {"plan": "paid", "called": tool}


PROPERTIES = extra_properties if "EXTRA_PROPERTIES" in os.environ else None


def telemetry() -> Telemetry:
    """The host's telemetry, configured by the environment."""
    catalogue = (OfCalls, OfClients) if PROPERTIES else ()
    return Telemetry(
        Product("test-host", version="1.2.3", write_key="phc_test", client_names=CLIENTS, catalogue=catalogue)
    )


def arguments() -> argparse.Namespace:
    logging.basicConfig(level=logging.CRITICAL)
    parser = argparse.ArgumentParser()
    parser.add_argument("transport", choices=["stdio", "sse", "http", "stateless", "memory"])
    parser.add_argument("--name", default="client-a")
    parser.add_argument("--modern", action="store_true")
    parser.add_argument("--calls", type=json.loads, default=[])
    return parser.parse_args()


def serve(app: Any, path: str) -> None:
    """Serve a web application on a free port until a signal arrives; print the address."""
    import uvicorn

    counted = _counting(app, os.environ["COUNT_INITIALIZED"]) if "COUNT_INITIALIZED" in os.environ else app
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}{path}", file=sys.stderr, flush=True)
    config = uvicorn.Config(counted, log_level="critical", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listener])


def over_stdio(run: Callable[[], object]) -> None:
    """Serve the client that started this process; with STDIO_SOCKET, one that connects there, and then the next one."""
    if "STDIO_SOCKET" not in os.environ:
        run()
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.environ["STDIO_SOCKET"])
        listener.listen()
        while True:
            connection, _ = listener.accept()
            for number in (0, 1):
                os.dup2(connection.fileno(), number)
            connection.close()
            # An SDK may close the streams of the session before.
            sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
            run()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1):
                os.dup2(nowhere, number)
            os.close(nowhere)


def _counting(app: Any, file: str) -> Any:
    """The application, wrapped so that the HTTP status of each `initialize` request is written to a file."""

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        body = bytearray()

        async def read() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def write(message: Any) -> None:
            if message["type"] == "http.response.start" and b'"method":"initialize"' in body:
                with open(file, "a") as lines:  # noqa: ASYNC230 - a few bytes
                    print(message["status"], file=lines)
            await send(message)

        await app(scope, read, write)

    return counting


def answered(results: list[Any]) -> None:
    """Print the answers of in-memory calls."""
    print(json.dumps(results), flush=True)
