"""The channels of the settings."""

import time
import urllib.parse
from collections.abc import Callable
from typing import Protocol

from ...runtime import Settings, SettingsError
from ..message import Message
from .connection import Deadline
from .mail import MailChannel
from .webhooks import WebhookChannel


class Channel(Protocol):
    """One receiver of messages.

    Attributes:
        id: is kept with each delivery.
        kind: is counted, and in the log.
        name: for the operator's eyes.
    """

    id: str
    kind: str
    name: str

    def send(self, message: Message, deadline: Deadline) -> None:
        """Returns once the receiver has the message. Raises DeliveryError."""


def channels_of(settings: Settings, clock: Callable[[], float] = time.time) -> list[Channel]:
    """Each webhook and each address once."""
    webhooks = [WebhookChannel(text, settings.alert_webhook_secret, clock) for text in settings.alert_webhooks]
    receivers = settings.alert_mail_to
    sender = settings.alert_mail_from or (receivers[0] if receivers else "")
    server, password = settings.alert_mail_server, settings.alert_mail_password
    mails = [MailChannel(server, password, sender, receiver) for receiver in receivers]
    channels: list[Channel] = [*webhooks, *mails]
    return list({channel.id: channel for channel in channels}.values())


def check_alert_settings(settings: Settings) -> None:
    """Raises SettingsError where settings of alerts don't fit together."""
    for text in settings.alert_webhooks:
        _check_port("alert_webhooks", text.partition(":")[2])
    server = urllib.parse.urlsplit(settings.alert_mail_server)
    _check_port("alert_mail_server", settings.alert_mail_server)
    if settings.alert_mail_to and not settings.alert_mail_server:
        raise SettingsError("alert_mail_to: set alert_mail_server too, such as smtp://user@mail.example.org:587")
    if settings.alert_mail_server and not settings.alert_mail_to:
        raise SettingsError("alert_mail_server: set alert_mail_to too, the addresses that get alerts")
    if server.scheme == "smtp+plain" and server.username:
        raise SettingsError("alert_mail_server: smtp+plain:// would send the password unencrypted; use smtp:// for it")
    if bool(server.username) != bool(settings.alert_mail_password):
        raise SettingsError(
            "alert_mail_server: a user needs a password and a password a user: write smtp://user@host:587, and set "
            "FOOTFALL_ALERT_MAIL_PASSWORD"
        )


def _check_port(name: str, address: str) -> None:
    try:
        port = urllib.parse.urlsplit(address).port
    except ValueError:
        port = 0
    if port == 0:
        raise SettingsError(f"{name}: the port must be a number from 1 to 65535")
