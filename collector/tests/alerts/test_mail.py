"""E-mail through a real SMTP server: encrypted, signed in, and without a word of a stranger in a header."""

import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.tests.alerts.messages import message
from footfall_collector.alerts.channels import Deadline, DeliveryError
from footfall_collector.alerts.channels.mail import MailChannel, mail_of
from footfall_collector.show.insight import code
from tests.support.mail_server import MailServer

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 with its key, signed by itself."""
    pem = tmp_path_factory.mktemp("tls") / "mail.pem"
    key = pem.with_suffix(".key")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    options = [
        "-days",
        "2",
        "-subj",
        "/CN=mail",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        f"{key}",
        "-out",
        f"{pem}",
    ]
    subprocess.run([*command, *options], check=True, capture_output=True)
    pem.write_text(pem.read_text() + key.read_text())
    return pem


def channel(server: MailServer, scheme: str, user: str = "", password: str = "") -> MailChannel:
    address = f"{scheme}://{user + '@' if user else ''}127.0.0.1:{server.port}"
    return MailChannel(address, password, "footfall@example.org", "ops@example.org")


@pytest.mark.parametrize(("scheme", "at_once"), [("smtp", False), ("smtps", True)])
def test_a_message_arrives_encrypted_and_signed_in(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, at_once: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with MailServer(certificate, at_once, PASSWORD) as server:
        channel(server, scheme, "ops", PASSWORD).send(message(), Deadline())
    [mail] = server.messages
    assert server.encrypted == [True]
    assert server.receivers == ["ops@example.org"]
    assert server.greetings[0] == "localhost"
    assert mail["Subject"] == "[Footfall] dot-ai: More errors than usual"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert text_of(mail, "plain").startswith("query fails.")
    assert "query</code> fails." in text_of(mail, "html")


@pytest.mark.parametrize(("scheme", "at_once"), [("smtp", False), ("smtps", True)])
def test_nothing_is_sent_to_a_server_whose_certificate_is_not_trusted(
    certificate: Path, scheme: str, at_once: bool
) -> None:
    with MailServer(certificate, at_once, PASSWORD) as server, pytest.raises(DeliveryError, match="can't be trusted"):
        channel(server, scheme, "ops", PASSWORD).send(message(), Deadline())
    assert server.messages == []


def test_a_server_without_starttls_gets_no_password() -> None:
    with MailServer(password=PASSWORD) as server, pytest.raises(DeliveryError, match="STARTTLS"):
        channel(server, "smtp", "ops", PASSWORD).send(message(), Deadline())
    assert server.receivers == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_a_password_can_have_any_letters(certificate: Path, monkeypatch: pytest.MonkeyPatch, mechanism: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with MailServer(certificate, password="richtiges Pferd, schön", mechanism=mechanism) as server:
        channel(server, "smtp", "ops", "richtiges Pferd, schön").send(message(), Deadline())
    assert len(server.messages) == 1


def test_a_wrong_password_is_named_without_it(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with MailServer(certificate, password=PASSWORD) as server, pytest.raises(DeliveryError) as error:
        channel(server, "smtp", "ops", "a wrong one").send(message(), Deadline())
    assert str(error.value) == "the server refused the user or the password (535)"


@pytest.mark.parametrize("answer", ["451 later, ops@example.org", "554 spam"])
def test_a_refusal_is_named_by_its_code(answer: str) -> None:
    with MailServer(answer=answer) as server, pytest.raises(DeliveryError) as error:
        channel(server, "smtp+plain").send(message(), Deadline())
    assert str(error.value) == f"the server answered {answer[:3]}"


@pytest.mark.parametrize(
    ("greeting", "sentence"),
    [
        ("554-no\r\n554 not from you", "the server answered 554"),
        ("421 busy", "the server answered 421"),
        ("SSH-2.0-OpenSSH_10.0", "no mail server answers at this port"),
        ("", "the server ended the connection before it had the message"),
    ],
)
def test_another_greeting_is_named(greeting: str, sentence: str) -> None:
    with MailServer(greeting=greeting) as server, pytest.raises(DeliveryError) as error:
        channel(server, "smtp+plain").send(message(), Deadline())
    assert str(error.value) == sentence


def test_an_accepted_message_counts_although_the_farewell_fails() -> None:
    with MailServer(cut_after_answer=True) as server:
        channel(server, "smtp+plain").send(message(), Deadline())
    assert len(server.messages) == 1


@given(word=st.text(max_size=120) | st.sampled_from(["\r\nBcc: all@example.org", "<script>x</script>"]))
@settings(max_examples=60)
def test_no_word_of_a_stranger_is_in_a_header_or_is_html(word: str) -> None:
    mail = mail_of(message(f"Tool {code(word)} fails."), "footfall@example.org", "ops@example.org")
    plain = mail_of(message("Tool fails."), "footfall@example.org", "ops@example.org")
    headers = {name: value for name, value in mail.items() if name != "Content-Type"}
    assert headers == {name: value for name, value in plain.items() if name != "Content-Type"}
    assert "<script" not in text_of(mail, "html")
    assert text_of(mail, "html").count("<code") == 1


def text_of(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content())
