"""`/mcp` says nothing of a request that it refuses: the SDK's own errors quote what they could not read.

An error of JSON-RPC keeps its code and its id, which the client chose to know it by, and gets a sentence of ours.
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
        405: "This method is not for /mcp; use POST.",
        406: "The Accept header must name application/json and text/event-stream.",
        409: "The session has a stream already.",
        415: "The Content-Type must be application/json.",
        429: "There are too many sessions; try again later.",
        503: "There are too many sessions; try again later.",
    }
)
_BY_CODE: Mapping[int, str] = MappingProxyType(
    {
        -32700: "The body is not JSON.",
        -32600: "The body is no request of MCP, or the session's header is missing.",
        -32601: "There is no such method.",
        -32602: "The request has wrong or missing parameters.",
        -32603: "The request could not be answered.",
        -32020: "A header does not match the body.",
        UNSUPPORTED_VERSION: "This version of the protocol is not spoken here.",
    }
)
_SESSION_GONE = "There is no such session; begin a new one."
_OTHER = "The request was refused."


class Discreet:
    """ASGI middleware around the SDK's application. An answer in JSON comes from it whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        held: list[Message] = []
        body = bytearray()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_json(message):
                held.append(message)
            elif held:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _pass_on(held.pop(), bytes(body), send)
            else:
                await send(message)

        await self._app(scope, receive, told)


async def _pass_on(start: Message, body: bytes, send: Send) -> None:
    told = without_content(start["status"], body)
    MutableHeaders(scope=start)["content-length"] = str(len(told))
    await send(start)
    await send({"type": "http.response.body", "body": told})


def without_content(status: int, body: bytes) -> bytes:
    """An answer in JSON; where it is an error, with nothing of the request but its id."""
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    if not isinstance(answer, dict) or "error" not in answer:
        return body
    return msgspec.json.encode({"jsonrpc": "2.0", "id": answer.get("id"), "error": _error(status, answer["error"])})


def _error(status: int, told: Any) -> dict[str, Any]:
    code = told.get("code", 0)
    gone = status == 404 and code == -32600
    sentence = _SESSION_GONE if gone else _BY_STATUS.get(status) or _BY_CODE.get(code, _OTHER)
    error: dict[str, Any] = {"code": code, "message": sentence}
    if code == UNSUPPORTED_VERSION:
        # From `supported` a client chooses another version; it knows what it requested.
        error["data"] = {"supported": (told.get("data") or {}).get("supported", []), "requested": ""}
    return error


def _is_json(start: Message) -> bool:
    return Headers(scope=start).get("content-type", "").startswith("application/json")
