"""The demo's settings from the environment, and the environment of its child processes."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"


class DemoError(Exception):
    """The demo can't go on; the text says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """Ports (0: any free one), how long to stay (None: until Ctrl-C), and the directory for everything it writes."""

    footfall_port: int
    toolkit_port: int
    seconds: float | None
    directory: Path


def read_plan(environ: Mapping[str, str], directory: Path) -> Plan:
    """The plan, with both ports seen to be free.

    Raises:
        DemoError: a variable is no number, or a port is taken.
    """
    footfall = _port(environ, "FOOTFALL_PORT", 8765)
    toolkit = _port(environ, "TOOLKIT_PORT", 8766)
    if footfall and footfall == toolkit:
        raise DemoError(f"FOOTFALL_PORT and TOOLKIT_PORT are both {footfall}: choose two different ports")
    text = environ.get("DEMO_SECONDS", "").strip()
    try:
        seconds = float(text) if text else None
    except ValueError:
        seconds = -1.0
    if seconds is not None and not 0 < seconds < float("inf"):
        raise DemoError(f"DEMO_SECONDS={text}: use a number of seconds above 0, or leave it out to stay until Ctrl-C")
    return Plan(footfall, toolkit, seconds, directory)


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip()
    if text and not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise DemoError(f"{name}={text}: use a port number from 0 (any free one) to 65535")
    port = int(text) if text else default
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise DemoError(
                f"port {port} is taken: choose another, for example {name}={port + 100} make demo"
            ) from error
    return port


# Variables that would change the demo's numbers, send them elsewhere, or let it read the user's own cluster.
_FOREIGN = ("DOT_AI_", "FOOTFALL_", "OTEL_", "KUBE", "DO_NOT_TRACK", "AI_PROVIDER")
_KEYS = ("_API_KEY", "_API_TOKEN", "_AUTH_TOKEN", "_API_BASE")


def surroundings(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The surrounding environment without variables that affect the demo; it uses no proxy.

    DO_NOT_TRACK goes too: the demo sends to its own collector on this machine, which is what it was started for.
    """
    env = os.environ if environ is None else environ
    kept = {k: v for k, v in env.items() if not k.startswith(_FOREIGN) and not k.endswith(_KEYS)}
    return {**kept, "NO_PROXY": HOST, "no_proxy": HOST, "PYTHONUNBUFFERED": "1"}
