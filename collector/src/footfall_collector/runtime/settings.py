"""The table of settings: the fields of `Settings`, each with its type, bounds, description and default.

msgspec's `Meta` holds what the documents, the command line and the chart's schema show; `read_settings` converts and
checks by it.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from .setting_forms import (
    AlertRuleText,
    BasePath,
    HostName,
    LogFormat,
    MailAddress,
    MailServer,
    MemorySize,
    Network,
    Origin,
    SecretText,
    SignInSecretText,
    StoreAddress,
    WebAddress,
    Webhook,
    Weekday,
    settings_in,
)

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class ProductSettings:
    """One product of the collector."""

    catalogue: Annotated[
        Path | None,
        Meta(
            description="A Python file, or an installed module, whose `EVENTS` are the product's own events, "
            "in addition to the five",
            extra={"fix": "write the path of a Python file, or the name of an installed module"},
        ),
    ] = None
    tools: Annotated[
        tuple[str, ...], Meta(description="The product's tool names; with none listed any well-formed name is admitted")
    ] = ()
    client_names: Annotated[
        tuple[str, ...], Meta(description="MCP client names in addition to the shipped vocabulary")
    ] = ()


@dataclass(frozen=True)
class Settings:
    """The collector's settings. Sizes are in bytes and times in seconds unless the name says otherwise."""

    data: Annotated[Path, Meta(description="Data directory", extra={"fix": "write a path"})] = Path("footfall-data")
    host: Annotated[str, Meta(description="Address to listen on; off loopback a sign-in secret is needed")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65535, description="TCP port to listen on; 0 takes a free one")] = 8765
    allowed_hosts: Annotated[
        tuple[HostName, ...], Meta(description="Further host names to answer to; `.a.org` is all of a.org")
    ] = ()
    base_path: Annotated[
        BasePath,
        Meta(description="Path below which a proxy serves everything, such as /stats; the proxy may remove it"),
    ] = ""
    sign_in_secret: Annotated[
        SignInSecretText, Meta(description="Secret, or its argon2 hash, that readers sign in with")
    ] = field(default="", repr=False)
    github_webhook_secret: Annotated[SecretText, Meta(description="Secret of GitHub's webhook for releases")] = field(
        default="", repr=False
    )
    pepper: Annotated[
        SecretText, Meta(description="Key of the second hash of instance IDs [made at the first start, kept in DATA]")
    ] = field(default="", repr=False)
    retention_days: Annotated[
        int, Meta(ge=1, le=36500, description="Days after which events are deleted, by whole months")
    ] = 365
    trash_days: Annotated[
        int,
        Meta(
            ge=0, le=365, description="The last of these days, at most half, that a removed month spends in DATA/trash"
        ),
    ] = 7
    trusted_proxies: Annotated[
        tuple[Network, ...], Meta(description="Networks of proxies whose X-Forwarded-For names the peer")
    ] = ()
    unlimited_peers: Annotated[
        tuple[Network, ...], Meta(description="Networks that are exempt from the limits per peer")
    ] = ("127.0.0.0/8", "::1/128")
    peer_requests_per_minute: Annotated[
        int, Meta(ge=0, description="Maximum requests of one peer in a minute; 0 for no limit")
    ] = 6000
    peer_events_per_minute: Annotated[
        int, Meta(ge=0, description="Maximum events of one peer in a minute; 0 for no limit")
    ] = 60_000
    peer_cpu_seconds_per_minute: Annotated[
        float, Meta(ge=0, description="Maximum processor time that one peer's events cost in a minute; 0 for no limit")
    ] = 15.0
    peer_bytes_per_minute: Annotated[
        int, Meta(ge=0, description="Maximum bytes of one peer's events, as sent, in a minute; 0 for no limit")
    ] = 128 << 20
    unkeyed_cpu_seconds_per_minute: Annotated[
        float, Meta(ge=0, description="The same processor time for requests without a valid write key; 0 for no limit")
    ] = 2.0
    unkeyed_bytes_per_minute: Annotated[
        int, Meta(ge=0, description="The same bytes for requests without a valid write key; 0 for no limit")
    ] = 8 << 20
    peer_connections: Annotated[int, Meta(ge=0, description="Maximum open connections of one peer; 0 for no limit")] = (
        100
    )
    first_key_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="Time after a start on loopback in which the first write key received is added; 0 for never",
        ),
    ] = 600.0
    new_instances_per_hour: Annotated[
        int,
        Meta(
            ge=0,
            description="Maximum instances of a product in an hour that are new to their peers; 0 for no limit",
        ),
    ] = 10_000
    established_per_sender: Annotated[
        int,
        Meta(ge=0, description="Maximum instances of a product that one peer can establish in a week; 0 for no limit"),
    ] = 20
    key_alarm_per_minute: Annotated[
        int, Meta(ge=0, description="Events of one write key in a minute that raise an alarm, not a limit; 0 for none")
    ] = 600_000
    max_header_bytes: Annotated[int, Meta(ge=1024, le=1 << 20, description="Maximum size of a request's head")] = (
        32 << 10
    )
    max_body_bytes: Annotated[int, Meta(ge=1024, le=1 << 30, description="Maximum size of a request body as sent")] = (
        20 << 20
    )
    max_decoded_bytes: Annotated[
        int, Meta(ge=1024, le=1 << 30, description="Maximum size of a request body once decoded")
    ] = 32 << 20
    max_decoded_ratio: Annotated[
        int,
        Meta(ge=2, le=1_000_000, description="Maximum decoded bytes per byte of a compressed body, above 1 MiB"),
    ] = 200
    max_event_bytes: Annotated[int, Meta(ge=256, le=1 << 26, description="Maximum size of one event")] = 1_000_000
    max_event_age_days: Annotated[
        int, Meta(ge=1, le=365, description="Days before now that an event can be dated to; older ones get that date")
    ] = 30
    max_batch_events: Annotated[int, Meta(ge=1, le=1_000_000, description="Maximum events in one request")] = 10_000
    max_waiting_bytes: Annotated[
        int,
        Meta(
            ge=1 << 20,
            description="Maximum size of all unanswered request bodies together; one peer can hold back 3/8 of it",
        ),
    ] = 64 << 20
    max_connections: Annotated[int, Meta(ge=1, le=100_000, description="Maximum open connections")] = 1000
    header_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="Maximum time for a client to send a request's head")
    ] = 10.0
    body_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="Maximum time for a client to send a request body")
    ] = 30.0
    idle_seconds: Annotated[float, Meta(ge=1, le=3600, description="Time after which an idle connection is closed")] = (
        30.0
    )
    drain_seconds: Annotated[
        float, Meta(ge=0, le=600, description="Maximum wait at the stop for requests that are not answered yet")
    ] = 10.0
    segment_bytes: Annotated[
        int, Meta(ge=4096, le=1 << 30, description="Size at which a journal segment is closed")
    ] = 32 << 20
    segment_seconds: Annotated[
        float, Meta(ge=0.05, le=3600, description="Age at which a journal segment is closed")
    ] = 0.5
    store: Annotated[
        StoreAddress, Meta(description="`duckdb`, or `clickhouse://user@host:9000/database?cluster=name`")
    ] = field(default="duckdb", repr=False)
    store_password: Annotated[SecretText, Meta(description="Password of the ClickHouse user")] = field(
        default="", repr=False
    )
    store_memory: Annotated[MemorySize, Meta(description="Memory limit of the store, at least 128MB")] = "160MB"
    store_threads: Annotated[
        int, Meta(ge=1, le=256, description="Threads of the store; loading is cheapest with one")
    ] = 1
    disk_alarm_percent: Annotated[
        float,
        Meta(ge=0, le=100, description="Percentage of free disk space below which an alarm is raised; 0 for none"),
    ] = 10.0
    disk_quota_percent: Annotated[
        float,
        Meta(
            ge=0,
            le=100,
            description="Percentage of the disk that the data directory may fill, and 5 % (1 GiB at most) stay free; "
            "beyond that events are refused with 503; 0 for no quota",
        ),
    ] = 80.0
    query_seconds: Annotated[
        float, Meta(ge=0.1, le=3600, description="Maximum time for one answer of the dashboard; it is 503 beyond")
    ] = 20.0
    log_format: Annotated[LogFormat, Meta(description="`text`, or `json` for one object per line")] = "text"
    alert_webhooks: Annotated[
        tuple[Webhook, ...],
        Meta(
            description="Where alerts go: `slack:`, `mattermost:`, `discord:` or `generic:`, and an http or https URL",
            extra={"secret": True},
        ),
    ] = field(default=(), repr=False)
    alert_webhook_secret: Annotated[
        SecretText, Meta(description="Key of the signature (HMAC-SHA256) of `generic` webhooks")
    ] = field(default="", repr=False)
    alert_mail_to: Annotated[tuple[MailAddress, ...], Meta(description="Addresses that get alerts by e-mail")] = ()
    alert_mail_from: Annotated[
        MailAddress, Meta(description="Sender of these e-mails; by default the first of `alert_mail_to`")
    ] = ""
    alert_mail_server: Annotated[
        MailServer,
        Meta(
            description="`smtp://user@host:587` with STARTTLS, `smtps://user@host:465` with TLS, or "
            "`smtp+plain://host:25` without either and without a password"
        ),
    ] = ""
    alert_mail_password: Annotated[SecretText, Meta(description="Password of the mail server's user")] = field(
        default="", repr=False
    )
    alert_rules: Annotated[
        tuple[AlertRuleText, ...],
        Meta(description="Changes of rules: `RULE:off`, `RULE:MINIMUM` or `RULE:MINIMUM:QUIET_HOURS`"),
    ] = ()
    alert_seconds: Annotated[
        float, Meta(ge=1, le=3600, description="Time between two evaluations of the rules of alerts")
    ] = 600.0
    alert_digest: Annotated[Weekday, Meta(description="Day of the weekly digest, from 08:00 UTC; `never` for none")] = (
        "monday"
    )
    documentation: Annotated[
        WebAddress, Meta(description="Where you publish the site that `make site` builds; pages link to it")
    ] = ""
    embed_origins: Annotated[
        tuple[Origin, ...], Meta(description="Origins whose pages may show a panel in a frame, by a link made for that")
    ] = ()
    public_products: Annotated[
        tuple[str, ...], Meta(description="Products whose closed months anyone may read at /public/…")
    ] = ()
    products: Mapping[str, ProductSettings] = field(default_factory=lambda: {"dot-ai": ProductSettings()})

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the collector."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def reached_by_strangers(self) -> bool:
        """Whether another machine's senders can reach the collector, by itself or through a proxy."""
        return bool(self.trusted_proxies) or not self.loopback

    @property
    def days_in_trash(self) -> int:
        """Days that a removed month can still be taken back: `trash_days`, at most half of `retention_days`."""
        return min(self.trash_days, self.retention_days // 2)

    @property
    def days_in_store(self) -> int:
        """Days that events are in charts; with `days_in_trash` they are `retention_days`."""
        return self.retention_days - self.days_in_trash

    @property
    def default_product(self) -> str | None:
        """The product of a first write key: the only product, or None where there are several."""
        return next(iter(self.products)) if len(self.products) == 1 else None


COLLECTOR_SETTINGS = settings_in(Settings)
"""The settings that fit in one value, in the order of the reference."""
PRODUCT_SETTINGS = settings_in(ProductSettings)
