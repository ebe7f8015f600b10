"""A small SMTP server on real sockets: STARTTLS or TLS from the start, AUTH, and every message as it was received."""

import base64
import email
import email.policy
import hmac
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path


@dataclass
class MailServer:
    """Listens on a free port of 127.0.0.1 while entered.

    Attributes:
        certificate: PEM with key; None for a server without TLS.
        tls_at_once: TLS from the first byte instead of STARTTLS.
        password: of the user `ops`; messages are refused without it. Empty for none.
        mechanism: of signing in: `PLAIN`, `LOGIN` or `CRAM-MD5`.
        greeting: another one than 220 ends the connection, and so does an empty one.
        answer: to the end of a message; another one than 250 is a refusal.
        cut_after_answer: the connection ends without a farewell once a message was accepted.
    """

    certificate: Path | None = None
    tls_at_once: bool = False
    password: str = ""
    mechanism: str = "PLAIN"
    greeting: str = "220 ready"
    answer: str = "250 accepted"
    cut_after_answer: bool = False
    messages: list[EmailMessage] = field(default_factory=list)
    receivers: list[str] = field(default_factory=list)
    greetings: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    def __enter__(self) -> "MailServer":
        mail_server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                _Session(mail_server, self.request).run()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def context(self) -> ssl.SSLContext:
        assert self.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context


class _Session:
    def __init__(self, server: MailServer, connection: ssl.SSLSocket) -> None:
        self._server, self._socket = server, connection
        self._is_encrypted = self._is_signed_in = False

    def run(self) -> None:
        try:
            if self._server.tls_at_once:
                self._encrypt()
            self._reader = self._socket.makefile("rb")
            if self._server.greeting:
                self._reply(self._server.greeting)
            if not self._server.greeting.startswith("220"):
                return
            while self._command(self._reader.readline().decode().strip()):
                pass
        except (OSError, ssl.SSLError):
            return

    def _encrypt(self) -> None:
        self._socket = self._server.context().wrap_socket(self._socket, server_side=True)
        self._reader = self._socket.makefile("rb")
        self._is_encrypted = True

    def _reply(self, line: str) -> None:
        self._socket.sendall(f"{line}\r\n".encode())

    def _command(self, line: str) -> bool:
        verb, _, rest = line.partition(" ")
        name = verb.upper()
        if name == "EHLO":
            self._server.greetings.append(rest)
            offers = ["250-here"]
            if self._server.certificate and not self._is_encrypted:
                offers.append("250-STARTTLS")
            offers.append(f"250 AUTH {self._server.mechanism}")
            self._reply("\r\n".join(offers))
        elif name == "STARTTLS":
            self._reply("220 go")
            self._encrypt()
        elif name == "AUTH":
            self._is_signed_in = self._signs_in(rest)
            self._reply("235 welcome" if self._is_signed_in else "535 no")
        elif name == "DATA":
            return self._message()
        elif name in ("MAIL", "RCPT"):
            if name == "RCPT":
                self._server.receivers.append(rest.partition("<")[2].partition(">")[0])
            is_allowed = self._is_signed_in or not self._server.password
            self._reply("250 ok" if is_allowed else "530 sign in")
        elif name == "QUIT" or not line:
            self._reply("221 bye")
            return False
        else:
            self._reply("250 ok")
        return True

    def _signs_in(self, rest: str) -> bool:
        """Whether the user and the password are right, by the mechanism that the client chose."""
        mechanism, _, initial = rest.partition(" ")
        password = self._server.password.encode()
        if mechanism == "PLAIN":
            return base64.b64decode(initial) == b"\0ops\0" + password
        if mechanism == "LOGIN":
            user = base64.b64decode(initial or self._asked(b"Username:"))
            return (user, base64.b64decode(self._asked(b"Password:"))) == (b"ops", password)
        expected = hmac.new(password, b"<1@here>", "md5").hexdigest()
        return base64.b64decode(self._asked(b"<1@here>")) == f"ops {expected}".encode()

    def _asked(self, challenge: bytes) -> bytes:
        self._reply(f"334 {base64.b64encode(challenge).decode()}")
        return bytes(self._reader.readline())

    def _message(self) -> bool:
        self._reply("354 go on")
        lines = []
        while (line := self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        if self._server.answer.startswith("250"):
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self._server.messages.append(message)
            self._server.encrypted.append(self._is_encrypted)
        self._reply(self._server.answer)
        if self._server.cut_after_answer:
            self._socket.close()
            return False
        return True
