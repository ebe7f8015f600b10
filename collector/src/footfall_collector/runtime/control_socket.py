"""The running collector's control socket: a private Unix socket in its data directory, one command at a time.

While the collector runs no other process can open its store, so commands that need the store are sent to it. A request
is one JSON line `{"command": …, "arguments": {…}}`, a reply is one JSON line `{"result": …}` or `{"error": "a
sentence"}`. A long command may send lines `{"progress": {…}}` before its reply. A caller that hangs up ends a command
that waits for it.
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
from typing import Any, Protocol

import msgspec

from .logs import printable

FILE = "control.sock"
_MAX_LINE_BYTES = 64 << 10
_REQUEST_SECONDS = 5.0
_POLL_SECONDS = 0.2
_STOPPING = "the collector is stopping; try again once it runs"

CommandArgument = str | int | bool | None

Command = Callable[..., Any]
"""A function that is called with a request's arguments by name, and with `caller` where it has that parameter."""


class ControlError(Exception):
    """The collector refused a command, or it could not be carried out; the message is for the user."""


class NotRunningError(Exception):
    """No collector listens in this data directory."""


class Caller(Protocol):
    """Who gave a command that takes long."""

    def report_progress(self, **progress: Any) -> None:
        """Send how far the work is. Raises ControlError where the command is to be given up."""

    def wait_for_hang_up(self, seconds: float) -> None:
        """Wait until the caller has done its part. Raises ControlError where the command is to be given up."""


class CommandRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A command's name and its arguments by name."""

    command: str
    arguments: dict[str, CommandArgument] = {}


class CommandReply(msgspec.Struct, omit_defaults=True):
    """One line to the caller: progress, or the end with a result or an error."""

    result: Any = None
    error: str = ""
    progress: dict[str, Any] | None = None


class SocketCaller:
    """A `Caller` at the other end of the socket; it gives up once the collector is stopping."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection, self._stopping = connection, stopping

    def report_progress(self, **progress: Any) -> None:
        if self._stopping.is_set():
            raise ControlError(_STOPPING)
        try:
            self._connection.sendall(msgspec.json.encode(CommandReply(progress=progress)) + b"\n")
        except OSError:
            raise ControlError("nobody waits for the command any more") from None

    def wait_for_hang_up(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        self._connection.settimeout(_POLL_SECONDS)
        while time.monotonic() < deadline:
            if self._stopping.is_set():
                raise ControlError(_STOPPING)
            with contextlib.suppress(TimeoutError):
                try:
                    if not self._connection.recv(_MAX_LINE_BYTES):
                        return
                except ConnectionError:
                    return
        raise ControlError(f"it took longer than {seconds:g} s")


class ControlSocket:
    """Listens and replies on a dedicated thread. `commands` raise ControlError with a sentence for the user."""

    def __init__(self, data: Path, commands: Mapping[str, Command]) -> None:
        self._commands = dict(commands)
        self._path = data / FILE
        self._listener = _listen(data)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-control", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the command under way, and remove the socket's file. Safe to call twice.

        A command that reports its progress or waits for its caller is given up.
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
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_REQUEST_SECONDS)
                reply = self._execute(_read_line(connection), SocketCaller(connection, self._stopping))
                connection.sendall(msgspec.json.encode(reply) + b"\n")

    def _execute(self, line: bytes, caller: SocketCaller) -> CommandReply:
        try:
            request = msgspec.json.decode(line, type=CommandRequest)
        except msgspec.DecodeError:
            sentence = "the request is not one of this version; use the same version of footfall-collector"
            return CommandReply(error=sentence)
        command = self._commands.get(request.command)
        if command is None:
            return CommandReply(error="the running collector doesn't know this command; is it an older version?")
        try:
            arguments = with_caller(command, request.arguments, caller)
            inspect.signature(command).bind(**arguments)
        except TypeError:
            sentence = "the command has other arguments in the running collector; is it another version?"
            return CommandReply(error=sentence)
        try:
            return CommandReply(result=command(**arguments))
        except ControlError as error:
            return CommandReply(error=printable(str(error)))


def with_caller(command: Command, arguments: Mapping[str, CommandArgument], caller: Caller) -> dict[str, Any]:
    """The arguments, with `caller` where the command has that parameter."""
    wants_caller = "caller" in inspect.signature(command).parameters
    return {**arguments, "caller": caller} if wants_caller else dict(arguments)


def _ignore(progress: dict[str, Any]) -> None:
    del progress


def send_command(
    data: Path,
    command: str,
    arguments: Mapping[str, CommandArgument],
    on_progress: Callable[[dict[str, Any]], object] = _ignore,
    timeout: float | None = None,
) -> Any:
    """The result of a command of the collector that runs on a data directory.

    `timeout` is in seconds for each line of the reply; by default there is none. `on_progress` is called while the
    connection is open: an exception of it gives the command up.

    Raises:
        NotRunningError: no collector runs there.
        ControlError: the collector refused, or ended before it replied.
    """
    try:
        request = msgspec.json.encode(CommandRequest(command, dict(arguments))) + b"\n"
    except UnicodeEncodeError:
        raise ControlError("an argument has bytes that are not UTF-8; write it without them") from None
    with _connect(data, timeout) as connection:
        try:
            connection.sendall(request)
            lines = connection.makefile("rb")
            while (reply := msgspec.json.decode(lines.readline(), type=CommandReply)).progress is not None:
                on_progress(reply.progress)
                if reply.progress.get("waiting"):
                    connection.shutdown(socket.SHUT_WR)
        except (ConnectionError, TimeoutError, msgspec.DecodeError):
            raise ControlError("the collector went away before it answered; see its log") from None
    if reply.error:
        raise ControlError(reply.error)
    return reply.result


@contextmanager
def _connect(data: Path, timeout: float | None) -> Iterator[socket.socket]:
    with _short_path(data) as path, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunningError from None
        except OSError as error:
            sentence = f"{data / FILE} can't be used ({error.strerror}); run this as the collector's user"
            raise ControlError(sentence) from None
        yield connection


def _listen(data: Path) -> socket.socket:
    """A listening socket that only this user can reach. The holder of the directory's lock may replace the file."""
    (data / FILE).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        with _short_path(data) as path:
            listener.bind(path)
        listener.listen(8)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


@contextmanager
def _short_path(data: Path) -> Iterator[str]:
    """The socket's path through a descriptor of its directory: the path of a socket has at most 107 bytes."""
    try:
        directory = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise NotRunningError from None
    try:
        yield f"/proc/self/fd/{directory}/{FILE}"
    finally:
        os.close(directory)


def _read_line(connection: socket.socket) -> bytes:
    """The bytes up to the end of the line. A line that is too long is cut, and is then no JSON. Raises OSError."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _MAX_LINE_BYTES:
        part = connection.recv(_MAX_LINE_BYTES)
        if not part:
            break
        line += part
    return line
