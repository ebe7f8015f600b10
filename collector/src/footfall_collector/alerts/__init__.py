"""Alerts: rules over aggregated numbers, incidents with begin and end, and their way to people.

`observations` reads the numbers, through the read gate; `usual_range` and `rules` judge them; `incidents` and
`alert_file` keep what is open and what was sent, over restarts; `message` writes it for each receiver; `webhooks` and
`mail` deliver it; `digest` makes the weekly report; `service` runs all of it on its own thread, `commands` on request.

Only aggregated numbers leave, and only to addresses of the settings. Ingestion never waits for anything here. Used by
`operate`, `app` and `cli`.
"""

from .alert_file import ALERTS_FILE, AlertsContent
from .channels import Channel, channels_of, check_alert_settings
from .commands import alert_commands, listed_alerts, send_tests
from .service import AlertService

__all__ = [
    "ALERTS_FILE",
    "AlertService",
    "AlertsContent",
    "Channel",
    "alert_commands",
    "channels_of",
    "check_alert_settings",
    "listed_alerts",
    "send_tests",
]
