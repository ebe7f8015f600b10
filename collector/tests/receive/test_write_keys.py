"""Write keys are added, listed and revoked while the server runs."""

from pathlib import Path

import msgspec
import pytest

from footfall_collector.receive.write_keys import WriteKeyError, WriteKeys, are_of_another_product, valid_write_key


def test_an_added_key_has_its_product(tmp_path: Path) -> None:
    keys = WriteKeys(tmp_path)
    made = keys.add("dot-ai")
    keys.add("other", "phc_other")
    assert made.key.startswith("phc_")
    assert keys.product_of(made.key) == "dot-ai"
    assert keys.product_of("phc_other") == "other"
    assert keys.product_of("phc_unknown") is None


def test_a_key_added_by_another_process_is_valid_without_a_restart(tmp_path: Path) -> None:
    server = WriteKeys(tmp_path)
    WriteKeys(tmp_path).add("dot-ai", "phc_new")
    assert server.product_of("phc_new") == "dot-ai"


def test_a_revoked_key_is_invalid_and_stays_listed(tmp_path: Path) -> None:
    keys = WriteKeys(tmp_path)
    keys.add("dot-ai", "phc_old")
    keys.revoke("phc_old")
    assert keys.product_of("phc_old") is None
    assert keys.all()[0].revoked is not None
    with pytest.raises(WriteKeyError, match="already revoked"):
        keys.add("dot-ai", "phc_old")


def test_only_the_very_first_key_is_added_by_a_request(tmp_path: Path) -> None:
    keys = WriteKeys(tmp_path, first_key_product="dot-ai")
    assert keys.awaited_product == "dot-ai"
    keys.add_first("phc_first", "dot-ai")
    assert keys.awaited_product is None
    keys.revoke("phc_first")
    assert keys.awaited_product is None


@pytest.mark.parametrize(
    ("properties", "foreign"),
    [
        ({"hello_version": "1.0.0"}, True),
        ({"hello_version": "1.0.0", "dot_ai_version": "2.0.0"}, False),
        ({"k8s_version": "1.33", "mcp_client_version": "1.0"}, False),
        ({"$lib_version": "1", "version": "1", "Hello_version": "1"}, False),
        ({}, False),
    ],
)
def test_events_with_only_another_products_version_are_of_another_product(
    properties: dict[str, str], foreign: bool
) -> None:
    events = [msgspec.Raw(msgspec.json.encode({"event": "e", "properties": properties})), msgspec.Raw(b"[1]")]
    assert are_of_another_product(events, "dot-ai") is foreign


def test_the_file_is_private_and_a_damaged_one_stops_the_start(tmp_path: Path) -> None:
    WriteKeys(tmp_path).add("dot-ai")
    path = tmp_path / "keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("{")
    with pytest.raises(WriteKeyError, match="restore it"):
        WriteKeys(tmp_path)


@pytest.mark.parametrize(
    "token", ["", " ", "phx_personal", "k" * 65, "a\0b", "ключ", "a b", None, 5, ["k"], '"><script>']
)
def test_a_token_of_another_form_is_not_a_key(token: object) -> None:
    assert valid_write_key(token) is None


def test_a_key_is_trimmed() -> None:
    assert valid_write_key(" phc_key\n") == "phc_key"
