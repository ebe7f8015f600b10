"""The running collector's ear: a private Unix socket in its data directory, one request and one answer at a time.

While the collector runs nobody else can open its store, so commands that need the store ask it. A request is one JSON
line `{"command": …, "arguments": {…}}`, an answer is one JSON line `{"result": …}` or `{"error": "a sentence"}`.
Before it a command that takes long may say how far it is, in lines `{"progress": {…}}`. Whoever hangs up, gives up.
"""

import contextlib
import inspect
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

FILE = "control.sock"
_MOST = 64 << 10
_REQUEST_SECONDS = 5.0
_STEP_SECONDS = 0.2

Argument = str | int | bool | None

Command = Callable[..., Any]


class ControlError(Exception):
    """The collector refused a command, or something was wrong on the way; the message is for the user."""


class NotRunningError(Exception):
    """No collector listens in this data directory."""


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked: a command's name and its arguments by name."""

    command: str
    arguments: dict[str, Argument] = {}


class _Answer(msgspec.Struct, omit_defaults=True):
    result: Any = None
    error: str = ""
    progress: dict[str, Any] | None = None


class Peer:
    """Whoever gave a command. A command that has a parameter of this name gets it."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection, self._stopping = connection, stopping

    def say(self, **progress: Any) -> None:
        """Tell how far the work is. Raises ControlError where nobody listens any more or the collector is stopping."""
        if self._stopping.is_set():
            raise ControlError("the collector is stopping; try again once it runs")
        try:
            self._connection.sendall(msgspec.json.encode(_Answer(progress=progress)) + b"\n")
        except OSError:
            raise ControlError("nobody waits for the command any more") from None

    def wait(self, seconds: float) -> None:
        """Until the peer has no more to say. Raises ControlError where that takes longer, or the collector stops."""
        deadline = time.monotonic() + seconds
        self._connection.settimeout(_STEP_SECONDS)
        while time.monotonic() < deadline:
            if self._stopping.is_set():
                raise ControlError("the collector is stopping; try again once it runs")
            with contextlib.suppress(TimeoutError):
                try:
                    if not self._connection.recv(_MOST):
                        return
                except ConnectionError:
                    return
        raise ControlError(f"it took longer than {seconds:g} s")


class Control:
    """Listens and answers on a thread of its own. `commands` raise ControlError with a sentence for the user."""

    def __init__(self, data: Path, commands: Mapping[str, Command]) -> None:
        self._commands = dict(commands)
        self._path = data / FILE
        self._listener = _listening(data)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-control", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End after the answer under way; the socket's file is removed. Safe to call twice.

        What tells its peer how far it is, or waits for it, is given up.
        """
        self._stopping.set()
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
                answer = self._answer(_line(peer), Peer(peer, self._stopping))
                peer.sendall(msgspec.json.encode(answer) + b"\n")

    def _answer(self, line: bytes, peer: Peer) -> _Answer:
        try:
            request = msgspec.json.decode(line, type=Request)
        except msgspec.DecodeError:
            return _Answer(error="the request is not one of this version; use the same version of footfall-collector")
        command = self._commands.get(request.command)
        if command is None:
            return _Answer(error="the running collector doesn't know this command; is it an older version?")
        try:
            signature = inspect.signature(command)
            more = {"peer": peer} if "peer" in signature.parameters else {}
            signature.bind(**request.arguments, **more)
        except TypeError:
            return _Answer(error="the command has other arguments in the running collector; is it another version?")
        try:
            return _Answer(result=command(**request.arguments, **more))
        except ControlError as error:
            return _Answer(error=str(error))


def _ignored(progress: dict[str, Any]) -> None:
    del progress


def ask(
    data: Path,
    command: str,
    arguments: Mapping[str, Argument],
    seconds: float | None = None,
    progress: Callable[[dict[str, Any]], object] = _ignored,
) -> Any:
    """The result of a command of the collector that runs on a data directory; waits for as long as it takes.

    `progress` is called in between, with the connection open: what it raises gives the command up.

    Raises:
        NotRunningError: none runs there.
        ControlError: it refused, or went away meanwhile.
    """
    with _connected(data, seconds) as connection:
        try:
            connection.sendall(msgspec.json.encode(Request(command, dict(arguments))) + b"\n")
            lines = connection.makefile("rb")
            while (answer := msgspec.json.decode(lines.readline(), type=_Answer)).progress is not None:
                progress(answer.progress)
                if answer.progress.get("waiting"):
                    connection.shutdown(socket.SHUT_WR)
        except (ConnectionError, TimeoutError, msgspec.DecodeError):
            raise ControlError("the collector went away before it answered; see its log") from None
    if answer.error:
        raise ControlError(answer.error)
    return answer.result


@contextmanager
def _connected(data: Path, seconds: float | None) -> Iterator[socket.socket]:
    with _reachable(data) as path, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunningError from None
        except OSError as error:
            sentence = f"{data / FILE} can't be used ({error.strerror}); run this as the collector's user"
            raise ControlError(sentence) from None
        yield connection


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
