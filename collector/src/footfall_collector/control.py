"""The running collector's ear: a private Unix socket in its data directory, one request and one answer at a time.

While the collector runs nobody else can open its store, so commands that need the store ask it. A request is one JSON
line `{"command": …, "arguments": {…}}`, an answer is one JSON line `{"result": …}` or `{"error": "a sentence"}`.
"""

import contextlib
import inspect
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

FILE = "control.sock"
_MOST = 64 << 10
_REQUEST_SECONDS = 5.0

Command = Callable[..., Any]


class ControlError(Exception):
    """The collector refused a command, or something was wrong on the way; the message is for the user."""


class NotRunningError(Exception):
    """No collector listens in this data directory."""


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked: a command's name and its arguments by name."""

    command: str
    arguments: dict[str, str | int | None] = {}


class _Answer(msgspec.Struct, omit_defaults=True):
    result: Any = None
    error: str = ""


class Control:
    """Listens and answers on a thread of its own. `commands` raise ControlError with a sentence for the user."""

    def __init__(self, data: Path, commands: Mapping[str, Command]) -> None:
        self._commands = dict(commands)
        self._path = data / FILE
        self._listener = _listening(data)
        self._thread = threading.Thread(target=self._run, name="footfall-control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End after the answer under way; the socket's file is removed. Safe to call twice."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.settimeout(_REQUEST_SECONDS)
                answer = self._answer(_line(peer))
                peer.sendall(msgspec.json.encode(answer) + b"\n")

    def _answer(self, line: bytes) -> _Answer:
        try:
            request = msgspec.json.decode(line, type=Request)
        except msgspec.DecodeError:
            return _Answer(error="the request is not one of this version; use the same version of footfall-collector")
        command = self._commands.get(request.command)
        if command is None:
            return _Answer(error="the running collector doesn't know this command; is it an older version?")
        try:
            inspect.signature(command).bind(**request.arguments)
        except TypeError:
            return _Answer(error="the command has other arguments in the running collector; is it another version?")
        try:
            return _Answer(result=command(**request.arguments))
        except ControlError as error:
            return _Answer(error=str(error))


def ask(data: Path, command: str, arguments: Mapping[str, str | int | None], seconds: float | None = None) -> Any:
    """The result of a command of the collector that runs on a data directory; waits for as long as it takes.

    Raises:
        NotRunningError: none runs there.
        ControlError: it refused, or went away meanwhile.
    """
    with _reachable(data) as path, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunningError from None
        except OSError as error:
            sentence = f"{data / FILE} can't be used ({error.strerror}); run this as the collector's user"
            raise ControlError(sentence) from None
        try:
            connection.sendall(msgspec.json.encode(Request(command, dict(arguments))) + b"\n")
            answer = msgspec.json.decode(_line(connection), type=_Answer)
        except (OSError, msgspec.DecodeError):
            raise ControlError("the collector went away before it answered; see its log") from None
    if answer.error:
        raise ControlError(answer.error)
    return answer.result


def _listening(data: Path) -> socket.socket:
    """A listening socket that only this user can reach. Whoever holds the data directory's lock may replace it."""
    (data / FILE).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        with _reachable(data) as path:
            listener.bind(path)
        listener.listen(8)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


@contextmanager
def _reachable(data: Path) -> Iterator[str]:
    """The socket's path; by way of a descriptor of its directory, since a socket's path has 107 bytes at most."""
    try:
        directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise NotRunningError from None
    try:
        yield f"/proc/self/fd/{directory}/{FILE}"
    finally:
        os.close(directory)


def _line(peer: socket.socket) -> bytes:
    """What comes until the end of the line. Raises OSError; what is too long is cut, and then no JSON."""
    found = b""
    while not found.endswith(b"\n") and len(found) < _MOST:
        part = peer.recv(_MOST)
        if not part:
            break
        found += part
    return found
