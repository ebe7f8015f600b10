"""Every setting comes from one table; a wrong one stops the start with its place and the fix."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from footfall_collector.admit import load_catalogues
from footfall_collector.runtime import (
    COLLECTOR_SETTINGS,
    ProductSettings,
    Setting,
    Settings,
    SettingsError,
    read_settings,
)


def test_without_settings_the_collector_is_local(tmp_path: Path) -> None:
    settings = read_settings({"data": str(tmp_path)}, {})
    assert settings == Settings(data=tmp_path)
    assert (settings.host, settings.port, settings.loopback, settings.default_product) == (
        "127.0.0.1",
        8765,
        True,
        "dot-ai",
    )


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "footfall.toml").write_text('port = 1\nretention_days = 30\nstore_threads = 1\nallowed_hosts = ["a"]')
    env = {"FOOTFALL_PORT": "2", "FOOTFALL_RETENTION_DAYS": "31"}
    settings = read_settings({"data": str(tmp_path), "port": "3"}, env)
    assert (settings.port, settings.retention_days, settings.store_threads) == (3, 31, 1)
    assert settings.allowed_hosts == ("a",)


VALUES = {
    "alert_digest": "friday",
    "alert_mail_from": "footfall@example.org",
    "alert_mail_server": "smtp://ops@example.org:587",
    "alert_mail_to": "ops@example.org",
    "alert_rules": "error-rate:50:12",
    "alert_webhooks": "slack:https://hooks.slack.com/services/x",
    "base_path": "/stats",
    "documentation": "https://docs.example.org/footfall",
    "embed_origins": "https://wiki.example.org",
    "allowed_hosts": "a.org",
    "trusted_proxies": "10.0.0.0/8",
    "unlimited_peers": "10.0.0.0/8",
    "log_format": "json",
    "store": "clickhouse://user@host:9000/database",
    "store_memory": "1GiB",
    "max_body_bytes": "8192",
    "max_decoded_bytes": "8192",
    "max_event_bytes": "8192",
    "segment_bytes": "8192",
    "max_waiting_bytes": "1048576",
    "max_header_bytes": "1048576",
}
"""Values of the settings that take no five and no word."""


def test_every_setting_of_the_table_can_be_set_by_a_variable() -> None:
    for setting in COLLECTOR_SETTINGS:
        value = VALUES.get(setting.name, "5" if setting.type in (int, float) else "a-word-long-enough")
        assert getattr(read_settings({}, {f"FOOTFALL_{setting.name.upper()}": value}), setting.name) != setting.default


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"FOOTFALL_PORT": "many"}, "FOOTFALL_PORT: write a whole number from 0 to 65535, not 'many'"),
        ({"FOOTFALL_PORT": "70000"}, "FOOTFALL_PORT"),
        ({"FOOTFALL_PORT": "1.5"}, "FOOTFALL_PORT"),
        ({"FOOTFALL_BODY_SECONDS": "nan"}, "FOOTFALL_BODY_SECONDS"),
        ({"FOOTFALL_PROT": "1"}, "FOOTFALL_PROT: there is no such setting; did you mean `FOOTFALL_PORT`?"),
        ({"FOOTFALL_CONFIG": "/nowhere/footfall.toml"}, "/nowhere/footfall.toml can't be read"),
    ],
)
def test_a_wrong_variable_is_named_with_its_fix(env: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_settings({}, env)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("host = 'a'\n\nport = 70000", "footfall.toml, line 3: port: write a whole number from 0 to 65535"),
        ("# prot\nprot = 1", "footfall.toml, line 2: unknown setting `prot`; did you mean `port`?"),
        ("sgn = 1", "known are data, host"),
        ("log_format = 'xml'", "line 1: log_format: write `text` or `json`, not 'xml'"),
        (
            "store_memory = '64MB'",
            "line 1: store_memory: write a size of at least 128MB, such as 256MB or 1GB, not '64MB'",
        ),
        ("store_memory = 'much'", "line 1: store_memory: write a size"),
        (
            "documentation = 'javascript:1'",
            "line 1: documentation: write an http or https address such as https://docs.",
        ),
        ("trusted_proxies = ['10.0.0.0/33']", "line 1: trusted_proxies: write addresses or networks"),
        ("[products.a]\n[products.b]\ntool = 1", "line 3: [products.b]: unknown setting `tool`; did you mean `tools`?"),
        ("[products.a]\nxyz = 1", "line 2: [products.a]: unknown setting `xyz`; known are `catalogue`, `tools`"),
        ("\npublic_products = ['x']", "line 2: public_products: there is no product x; add it as [products.NAME]"),
        ("store = 'mysql'", "line 1: store: write `duckdb`, or clickhouse://user@host:9000/database"),
        ("\nsign_in_secret = 'short'", "line 2: sign_in_secret: it is shorter than 12 characters; make one: openssl"),
        ("sign_in_secret = '$argon2id$v=19$m=1'", "line 1: sign_in_secret: it begins as an argon2 hash and is none"),
        ("port = 1\n[limits]\nx = 1", "line 2: unknown setting `limits`"),
        ("port = true", "port: write a whole number"),
        ("prot = 1", "unknown setting `prot`"),
        ("port = ", "is not TOML"),
        ("host = 1", "host: write a text"),
        ("allowed_hosts = [1]", "allowed_hosts: write a list of texts"),
        ("products = 1", "write products as [products.NAME] tables"),
        ("[products.Bad_Name]", "lower-case words"),
        ("[products.a]\ntool = []", "did you mean `tools`?"),
    ],
)
def test_a_wrong_line_of_the_file_is_named_with_its_fix(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "footfall.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        read_settings({"config": str(path)}, {})
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("setting", COLLECTOR_SETTINGS, ids=lambda setting: setting.name)
def test_a_value_of_the_wrong_type_is_named_with_file_line_and_fix(tmp_path: Path, setting: Setting) -> None:
    path = tmp_path / "footfall.toml"
    path.write_text(f"# {setting.name} = 1\n\n{setting.name} = {{ a = 1 }}\n")
    with pytest.raises(SettingsError) as error:
        read_settings({"config": str(path)}, {})
    assert str(error.value).startswith(f"{path}, line 3: {setting.name}: write a ")


def test_the_reference_has_every_setting_and_gives_the_defaults_where_it_is_uncommented(tmp_path: Path) -> None:
    lines = (Path(__file__).parents[3] / "docs" / "footfall.toml").read_text("utf-8").splitlines()
    (tmp_path / "footfall.toml").write_text("\n".join(re.sub(r"^#(?! )", "", line) for line in lines))
    settings = read_settings({"config": str(tmp_path / "footfall.toml")}, {})
    product = ProductSettings(tmp_path / "my_events.py", ("recommend", "remediate"), ("my-client",))
    assert settings == replace(Settings(), products={"dot-ai": product})
    names = {line.split(" = ")[0][1:] for line in lines if re.match(r"#\w+ = ", line)}
    assert names == {setting.name for setting in COLLECTOR_SETTINGS} | {"tools", "client_names", "catalogue"}
    for setting in COLLECTOR_SETTINGS:
        place = lines.index(next(line for line in lines if line.startswith(f"#{setting.name} = ")))
        paragraph = " ".join(line.removeprefix("# ") for line in lines[max(0, place - 4) : place])
        assert setting.description in paragraph
        assert f"FOOTFALL_{setting.name.upper()}" in lines[place - 1]


def test_the_unedited_reference_changes_nothing() -> None:
    assert read_settings({"config": str(Path(__file__).parents[3] / "docs" / "footfall.toml")}, {}) == Settings()


def test_the_variables_that_kubernetes_makes_for_a_service_named_footfall_are_not_settings() -> None:
    env = {
        "FOOTFALL_PORT": "tcp://10.0.0.1:8765",
        "FOOTFALL_SERVICE_HOST": "10.0.0.1",
        "FOOTFALL_SERVICE_PORT_HTTP": "8765",
        "FOOTFALL_PORT_8765_TCP_ADDR": "10.0.0.1",
        "FOOTFALL_COLLECTOR_PORT": "tcp://10.0.0.1:8765",
    }
    assert read_settings({}, env) == Settings()


@pytest.mark.parametrize(
    "text", ["sign_in_secret = 'swordfish'", "store = 'mysql://me:swordfish@db'", "sign_in_secret = '$argon2swordfish'"]
)
def test_a_refused_secret_is_not_in_the_message(tmp_path: Path, text: str) -> None:
    (tmp_path / "footfall.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        read_settings({"data": str(tmp_path)}, {})
    assert "swordfish" not in str(error.value)


def test_a_secret_is_in_no_text_of_the_settings() -> None:
    settings = read_settings({}, {"FOOTFALL_SIGN_IN_SECRET": "correct horse", "FOOTFALL_PEPPER": "battery staple"})
    assert "horse" not in repr(settings)
    assert "staple" not in repr(settings)


def test_a_secret_that_no_browser_can_send_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="SIGN_IN_SECRET: it has bytes that are no UTF-8"):
        read_settings({}, {"FOOTFALL_SIGN_IN_SECRET": "correct horse \udcff battery"})
    assert read_settings({}, {"FOOTFALL_SIGN_IN_SECRET": "richtiges Pferd, schön"}).sign_in_secret


OWN_EVENT = '''
from typing import Annotated
from footfall.catalogue import Flag
from footfall.catalogue import Event, Property

class ReportMade(Event, frozen=True, tag="report_made"):
    """A report was made."""

    {name}: Annotated[bool, Property(Flag(), meaning="m", purpose="p", question="tools")]

EVENTS = (ReportMade,)
'''


def test_a_products_own_events_come_from_the_file_it_names(tmp_path: Path) -> None:
    (tmp_path / "reports.py").write_text(OWN_EVENT.format(name="complete"))
    (tmp_path / "footfall.toml").write_text(
        '[products.dot-ai]\ntools = ["query"]\n[products.reporter]\ncatalogue = "reports.py"\nclient_names = ["mine"]'
    )
    settings = read_settings({"data": str(tmp_path)}, {})
    assert settings.default_product is None
    assert settings.products["dot-ai"] == ProductSettings(tools=("query",))
    catalogues = load_catalogues(settings.products)
    assert "report_made" in catalogues["reporter"].events
    assert "report_made" not in catalogues["dot-ai"].events
    check = catalogues["reporter"].checks()["client_connected"]
    assert check({"mcp_client": "mine"}.get) == {"mcp_client": "mine"}


def test_a_products_own_events_may_come_from_an_installed_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "reports_by_name.py").write_text(OWN_EVENT.format(name="complete"))
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "footfall.toml").write_text(
        '[products.reporter]\ncatalogue = "reports_by_name"\n[products.other]\ncatalogue = "no_such_module"'
    )
    products = dict(read_settings({"data": str(tmp_path)}, {}).products)
    with pytest.raises(SettingsError, match="no_such_module: the catalogue of other is no importable module"):
        load_catalogues(products)
    del products["other"]
    assert "report_made" in load_catalogues(products)["reporter"].events


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "must be a Python file"),
        ("x = 1", "write `EVENTS = "),
        ("import nothing_there", "fails to load: ModuleNotFoundError"),
        ("EVENTS = (", "fails to load: SyntaxError"),
        (OWN_EVENT.format(name="instance"), "the name is taken"),
        (OWN_EVENT.format(name="reporter_version"), "the name is taken"),
        (OWN_EVENT.format(name="tool"), "property `tool` is a"),
    ],
)
def test_a_catalogue_that_can_not_be_used_stops_the_start(tmp_path: Path, source: str | None, message: str) -> None:
    path = tmp_path / "own.py"
    if source is not None:
        path.write_text(source)
    with pytest.raises(SettingsError) as error:
        load_catalogues({"reporter": ProductSettings(catalogue=path)})
    assert message in str(error.value)
