"""Removes the content of a refused request from the answer: the SDK's own errors quote what they can't read.

A JSON-RPC error keeps its code and its id, which the client chose, and gets a fixed sentence.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNSUPPORTED_VERSION = -32022

_BY_STATUS: Mapping[int, str] = MappingProxyType(
    {
        405: "This method is not allowed; use POST.",
        406: "The Accept header must name application/json and text/event-stream.",
        409: "The session already has a stream.",
        415: "The Content-Type must be application/json.",
        429: "There are too many sessions; try again later.",
        503: "There are too many sessions; try again later.",
    }
)
_BY_CODE: Mapping[int, str] = MappingProxyType(
    {
        -32700: "The body is not JSON.",
        -32600: "The body is not an MCP request, or the session header is missing.",
        -32601: "There is no such method.",
        -32602: "The request has wrong or missing parameters.",
        -32603: "The request could not be answered.",
        -32020: "A header does not match the body.",
        UNSUPPORTED_VERSION: "This version of the protocol is not supported.",
    }
)
_SESSION_GONE = "There is no such session; initialize a new one."
_OTHER = "The request was refused."


class RedactErrors:
    """ASGI middleware around the SDK's application. It collects an answer in JSON and sends it in one piece."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        starts: list[Message] = []
        body = bytearray()

        async def send_redacted(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_json(message):
                starts.append(message)
            elif starts:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _send_json(starts.pop(), bytes(body), send)
            else:
                await send(message)

        await self._app(scope, receive, send_redacted)


async def _send_json(start: Message, body: bytes, send: Send) -> None:
    redacted = redact_error(start["status"], body)
    MutableHeaders(scope=start)["content-length"] = str(len(redacted))
    await send(start)
    await send({"type": "http.response.body", "body": redacted})


def redact_error(status: int, body: bytes) -> bytes:
    """A JSON answer; where it is an error, with the id as the only content of the request."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    if not isinstance(answer, dict) or "error" not in answer:
        return body
    return msgspec.json.encode({"jsonrpc": "2.0", "id": answer.get("id"), "error": _error(status, answer["error"])})


def _error(status: int, sdk_error: Any) -> dict[str, Any]:
    code = sdk_error.get("code", 0)
    session_gone = status == 404 and code == -32600
    sentence = _SESSION_GONE if session_gone else _BY_STATUS.get(status) or _BY_CODE.get(code, _OTHER)
    error: dict[str, Any] = {"code": code, "message": sentence}
    if code == UNSUPPORTED_VERSION:
        # A client chooses another version from `supported`; `requested` would repeat its own.
        error["data"] = {"supported": (sdk_error.get("data") or {}).get("supported", []), "requested": ""}
    return error


def _is_json(start: Message) -> bool:
    return Headers(scope=start).get("content-type", "").startswith("application/json")
