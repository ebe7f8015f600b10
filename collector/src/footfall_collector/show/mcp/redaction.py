"""Removes the content of a refused request from the answer: the SDK's own errors quote what they can't read.

A JSON-RPC error keeps its code and its id, which the client chose, and gets a fixed sentence. A protocol version that
is not supported is repeated if it is a date, since the specification asks for it and a date carries no content.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

VERSION_HEADER = "mcp-protocol-version"
INVALID_PARAMS = -32602
UNSUPPORTED_VERSION = -32022
NO_SUCH_TOOL = "There is no such tool; tools/list names those that exist."
NO_SUCH_PROMPT = "There is no such prompt; prompts/list names those that exist."
NO_SUCH_RESOURCE = "There is no such resource; resources/list names those that exist."

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OWN_SENTENCES = frozenset({NO_SUCH_TOOL, NO_SUCH_PROMPT, NO_SUCH_RESOURCE})
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
        INVALID_PARAMS: "The request has wrong or missing parameters.",
        -32603: "The request could not be answered.",
        -32020: "A header does not match the body.",
        UNSUPPORTED_VERSION: "This version of the protocol is not supported.",
    }
)
_SESSION_GONE = "There is no such session; initialize a new one."
_OTHER = "The request was refused."


class RedactErrors:
    """ASGI middleware around the SDK's application. It collects an answer in JSON and sends it in one piece.

    `versions` are the protocol versions that the header may name.
    """

    def __init__(self, app: ASGIApp, versions: Sequence[str]) -> None:
        self._app = app
        self._versions = versions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        starts: list[Message] = []
        body = bytearray()
        unfinished = False

        async def send_redacted(message: Message) -> None:
            nonlocal unfinished
            if message["type"] == "http.response.start" and _is_json(message):
                starts.append(message)
            elif starts:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    start = starts.pop()
                    await _send_json(start, self._redact(scope, start["status"], bytes(body)), send)
            else:
                unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
                await send(message)

        await self._app(scope, receive, send_redacted)
        if unfinished:
            # The SDK leaves its event streams open when the process ends, which uvicorn would log as an error.
            await send({"type": "http.response.body", "body": b""})

    def _redact(self, scope: Scope, status: int, body: bytes) -> bytes:
        """The answer; where it is an error, with the id and the version's date as the only content of the request."""
        try:
            answer = msgspec.json.decode(body)
        except msgspec.DecodeError:
            return body
        if not isinstance(answer, dict) or "error" not in answer:
            return body
        sdk_error = answer["error"]
        version = Headers(scope=scope).get(VERSION_HEADER)
        if sdk_error.get("code") == INVALID_PARAMS and version is not None and version not in self._versions:
            # The SDK calls this a missing envelope: it takes an unknown version for one that has envelopes.
            data = {"supported": self._versions, "requested": version}
            sdk_error = {"code": UNSUPPORTED_VERSION, "data": data}
        return msgspec.json.encode({"jsonrpc": "2.0", "id": answer.get("id"), "error": _error(status, sdk_error)})


async def _send_json(start: Message, redacted: bytes, send: Send) -> None:
    MutableHeaders(scope=start)["content-length"] = str(len(redacted))
    await send(start)
    await send({"type": "http.response.body", "body": redacted})


def _error(status: int, sdk_error: Any) -> dict[str, Any]:
    code = sdk_error.get("code", 0)
    error: dict[str, Any] = {"code": code, "message": _sentence(status, code, sdk_error.get("message"))}
    if code == UNSUPPORTED_VERSION:
        data = sdk_error.get("data") or {}
        requested = str(data.get("requested", ""))
        # A client chooses another version from `supported`.
        error["data"] = {
            "supported": data.get("supported", []),
            "requested": requested if _DATE.fullmatch(requested) else "",
        }
    return error


def _sentence(status: int, code: int, sdk_message: Any) -> str:
    if sdk_message in _OWN_SENTENCES:
        return str(sdk_message)
    if status == 404 and code == -32600:
        return _SESSION_GONE
    return _BY_STATUS.get(status) or _BY_CODE.get(code, _OTHER)


def _is_json(start: Message) -> bool:
    return Headers(scope=start).get("content-type", "").startswith("application/json")
