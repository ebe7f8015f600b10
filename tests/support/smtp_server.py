"""A real mail server, aiosmtpd: STARTTLS is required before anything else, and a sign-in before a message."""

import email
import email.policy
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.support.programs import free_port

USER = "ops"


class SmtpServer:
    """Listens on a port of loopback while entered.

    Attributes:
        port: its port.
        messages: as they were received.
        receivers: of each of them, as the envelope named them.
        encrypted: whether each came over TLS.
    """

    def __init__(self, certificate: Path, password: str) -> None:
        self.port = free_port()
        self.messages: list[EmailMessage] = []
        self.receivers: list[str] = []
        self.encrypted: list[bool] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

        def signed_in(_server: SMTP, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
            return AuthResult(success=said == LoginPassword(USER.encode(), password.encode()))

        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=signed_in,
        )

    def __enter__(self) -> "SmtpServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_DATA(self, _server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.receivers += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        return "250 accepted"
