"""The uvicorn methods that `connections` and `fast_path` override, copy or call are the ones they were written for."""

import asyncio
import hashlib
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from footfall_collector.receive.server.connections import GuardedProtocol
from footfall_collector.receive.server.fast_path import FastPathProtocol
from footfall_collector.receive.server.upgrade_offers import UpgradeDeclining

OURS = (UpgradeDeclining, GuardedProtocol, FastPathProtocol)
RECORDED: dict[str, tuple[Callable[..., Any], str]] = {
    "HttpToolsProtocol.__init__": (HttpToolsProtocol.__init__, "264f2f06759670d4"),
    "HttpToolsProtocol._start_asgi_task": (HttpToolsProtocol._start_asgi_task, "2ab8b185c1a9b25b"),
    "HttpToolsProtocol._unset_keepalive_if_required": (
        HttpToolsProtocol._unset_keepalive_if_required,
        "58f4ffce604d92dd",
    ),
    "HttpToolsProtocol.connection_lost": (HttpToolsProtocol.connection_lost, "21bb5222b35990e7"),
    "HttpToolsProtocol.connection_made": (HttpToolsProtocol.connection_made, "ba1915817ccf6c1b"),
    "HttpToolsProtocol.data_received": (HttpToolsProtocol.data_received, "02c2572f1df55907"),
    "HttpToolsProtocol.eof_received": (HttpToolsProtocol.eof_received, "cf1db74cbefe2709"),
    "HttpToolsProtocol.on_body": (HttpToolsProtocol.on_body, "415b4cef19fba083"),
    "HttpToolsProtocol.on_header": (HttpToolsProtocol.on_header, "374f1e380c062750"),
    "HttpToolsProtocol.on_headers_complete": (HttpToolsProtocol.on_headers_complete, "7e259152e5aade71"),
    "HttpToolsProtocol.on_message_begin": (HttpToolsProtocol.on_message_begin, "0efab6f9456c4987"),
    "HttpToolsProtocol.on_message_complete": (HttpToolsProtocol.on_message_complete, "377f9122ee6f3ab8"),
    "HttpToolsProtocol.on_response_complete": (HttpToolsProtocol.on_response_complete, "5684fd801d0683ac"),
    "HttpToolsProtocol.pause_writing": (HttpToolsProtocol.pause_writing, "0d1d5ff822175905"),
    "HttpToolsProtocol.resume_writing": (HttpToolsProtocol.resume_writing, "89f3ffd1fdaf75fc"),
    "HttpToolsProtocol.send_400_response": (HttpToolsProtocol.send_400_response, "0b0d3ace8d263788"),
    "HttpToolsProtocol.shutdown": (HttpToolsProtocol.shutdown, "4822ef10fa982b12"),
    "HttpToolsProtocol.timeout_keep_alive_handler": (HttpToolsProtocol.timeout_keep_alive_handler, "2127de00e7f6b118"),
    "RequestResponseCycle.__init__": (RequestResponseCycle.__init__, "459bebd3022b64c2"),
    "RequestResponseCycle.run_asgi": (RequestResponseCycle.run_asgi, "c3a6430de81255c9"),
    "Server.startup": (uvicorn.Server.startup, "61dd959a73fc3de8"),
}
"""By name: the method of the installed uvicorn, and the hash of the source that our code was written for."""


def source_hash(method: Callable[..., Any]) -> str:
    """Sixteen hex digits of a method's source without its indentation."""
    return hashlib.sha256(textwrap.dedent(inspect.getsource(method)).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", list(RECORDED))
def test_a_uvicorn_method_is_the_one_that_our_code_was_written_for(name: str) -> None:
    method, recorded = RECORDED[name]
    installed = source_hash(method)
    assert installed == recorded, (
        f"uvicorn {uvicorn.__version__} changes {name}. Compare it with the release in collector/pyproject.toml, adapt "
        "receive/server/connections.py, upgrade_offers.py and fast_path.py where they override or call it, and run "
        f"collector/tests/receive and collector/tests/defence. Then record {installed!r} here and raise the pin."
    )


def test_every_overridden_method_is_recorded() -> None:
    overridden = {
        f"HttpToolsProtocol.{name}"
        for protocol in OURS
        for name, value in vars(protocol).items()
        if inspect.isfunction(value) and hasattr(HttpToolsProtocol, name)
    }
    assert overridden <= RECORDED.keys(), "record these methods in RECORDED"


async def _no_application(scope: object, receive: object, send: object) -> None:
    raise AssertionError


def test_no_attribute_of_ours_hides_one_of_uvicorns() -> None:
    config = uvicorn.Config(_no_application, http=HttpToolsProtocol, lifespan="off", log_config=None)
    config.load()
    loop = asyncio.new_event_loop()
    protocol = HttpToolsProtocol(config, ServerState(), {}, loop)
    loop.close()
    methods = {name.partition(".")[2] for name in RECORDED}
    for ours in OURS:
        added = {name for name in (*vars(ours), *ours.__annotations__) if not name.startswith("__")} - methods
        assert not added & (vars(protocol).keys() | set(dir(HttpToolsProtocol))), ours
