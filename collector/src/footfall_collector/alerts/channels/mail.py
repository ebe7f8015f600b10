"""E-mail: each address gets a message of its own, through one server, encrypted unless the settings say otherwise."""

import contextlib
import hashlib
import smtplib
import ssl
import urllib.parse
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from functools import partial

from markupsafe import escape

from ...show.insight import render_markup
from ..message import Message
from .connection import STEP_SECONDS, Deadline, DeliveryError, failure_sentence
from .formats import plain_text

_READY = 220
PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_HTML = {
    "code": '<code style="font-family:ui-monospace,Menlo,Consolas,monospace">{}</code>',
    "strong": "<strong>{}</strong>",
    "bad": "<strong>{}</strong>",
    "good": "<strong>{}</strong>",
    "text": "{}",
}


class _Utf8Text(str):
    """A user or a password: smtplib encodes what it signs in with as ASCII, and RFC 4616 says UTF-8."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "surrogateescape") -> bytes:
        del encoding, errors
        return super().encode("utf-8", "surrogateescape")

    def __add__(self, other: str) -> "_Utf8Text":
        return _Utf8Text(super().__add__(other))


class MailChannel:
    """One address that gets e-mail.

    Args:
        server: as in `alert_mail_server`.
        password: of the server's user; empty for none.
        sender: the From address.
        receiver: the To address.

    Attributes:
        id: has a hash of the receiver's address.
        name: the kind and the receiver.
    """

    kind = "mail"

    def __init__(self, server: str, password: str, sender: str, receiver: str) -> None:
        self._server = urllib.parse.urlsplit(server)
        self._host = self._server.hostname or ""
        self._password, self._sender, self._receiver = password, sender, receiver
        self.id = f"mail-{hashlib.sha256(receiver.encode()).hexdigest()[:16]}"
        self.name = f"mail to {receiver}"

    def send(self, message: Message, deadline: Deadline) -> None:
        """Raises DeliveryError."""
        mail = mail_of(message, self._sender, self._receiver)
        client = self._client()
        try:
            with deadline.watching(lambda: client.sock):
                self._deliver(client, mail)
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError(f"the server refused the user or the password ({error.smtp_code})") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            raise DeliveryError(f"the server refused the receiver ({', '.join(map(str, codes))})") from None
        except smtplib.SMTPResponseException as error:
            # smtplib's code of what is no answer of SMTP.
            is_smtp = error.smtp_code > 0
            sentence = f"the server answered {error.smtp_code}" if is_smtp else "no mail server answers at this port"
            raise DeliveryError(sentence) from None
        except smtplib.SMTPServerDisconnected as error:
            late = isinstance(error.__context__, TimeoutError)
            sentence = "the server ended the connection before it had the message"
            raise DeliveryError("it did not answer in time" if late else sentence) from None
        except smtplib.SMTPNotSupportedError:
            raise DeliveryError("the server offers no STARTTLS, or no sign-in; see alert_mail_server") from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise DeliveryError(failure_sentence(error)) from None
        finally:
            client.close()

    def _client(self) -> smtplib.SMTP:
        """Not connected yet, so that the deadline covers the connection too. The machine's own name stays here."""
        if self._server.scheme == "smtps":
            context = ssl.create_default_context()
            client: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname="localhost", timeout=STEP_SECONDS, context=context)
        else:
            client = smtplib.SMTP(local_hostname="localhost", timeout=STEP_SECONDS)
        client.auth_plain = partial(_plain_answer, client)  # type: ignore[method-assign]
        # smtplib checks the certificate's name by it, and sets it only where it connects at once.
        client._host = self._host  # type: ignore[attr-defined]
        return client

    def _deliver(self, client: smtplib.SMTP, mail: EmailMessage) -> None:
        code, greeting = client.connect(self._host, self._server.port or PORTS[self._server.scheme])
        if code != _READY:
            raise smtplib.SMTPConnectError(code, greeting)
        client.ehlo_or_helo_if_needed()
        if self._server.scheme == "smtp":
            client.starttls(context=ssl.create_default_context())
        if self._server.username:
            client.login(_Utf8Text(urllib.parse.unquote(self._server.username)), _Utf8Text(self._password))
        client.send_message(mail, self._sender, [self._receiver])
        # The message is accepted; what becomes of the farewell changes nothing.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()


def _plain_answer(client: smtplib.SMTP, challenge: bytes | None = None) -> str:
    """The answer of smtplib's own `auth_plain`, as a text that is encoded as UTF-8."""
    del challenge
    return _Utf8Text(f"\0{client.user}\0{client.password}")


def mail_of(message: Message, sender: str, receiver: str) -> EmailMessage:
    """The e-mail, as plain text and as HTML. No word of a sender of events is in a header."""
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"], mail["To"] = sender, receiver
    mail["Subject"] = f"[Footfall] {message.title}"
    mail["Date"] = formatdate(message.at)
    mail["Message-ID"] = f"<{message.id}.footfall@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    text, html = _bodies(message)
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail


def _bodies(message: Message) -> tuple[str, str]:
    if message.report is not None:
        # Late: most messages are no reports.
        from ...show.report import html, markdown

        return markdown.render(message.report), html.render(message.report)
    paragraphs = [f"<p>{render_markup(each, _HTML, lambda text: str(escape(text)))}</p>" for each in message.paragraphs]
    return (
        f"{plain_text(message)}\n\n{message.moment}\n",
        f"<!doctype html>\n<html><body>{''.join(paragraphs)}<p>{message.moment}</p></body></html>\n",
    )
