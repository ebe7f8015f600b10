"""Channels: how a message reaches people, as a webhook or by e-mail.

`connection` bounds a delivery in time, `formats` writes a message for each receiver and escapes what senders chose,
`webhooks` and `mail` deliver it, `configured` makes the channels of the settings. A channel connects to its own address
and to no other: no redirects, no proxies of the environment. Used by the modules of `alerts`.
"""

from .configured import Channel, channels_of, check_alert_settings
from .connection import Deadline, DeliveryError

__all__ = ["Channel", "Deadline", "DeliveryError", "channels_of", "check_alert_settings"]
