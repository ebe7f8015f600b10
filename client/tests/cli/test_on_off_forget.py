"""`footfall off`, `on` and `forget` persist, reach running servers, and never override an off of the environment."""

import json
from pathlib import Path

import pytest

from client.tests.cli.rig import KINDS, Machine
from tests.support.capture_server import CaptureServer
from tests.support.waiting import steadily, wait_for


def test_off_persists_and_on_undoes_it(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=0)
        assert machine.footfall("off", "--product", "post").startswith("post telemetry is off")
        machine.run()
        assert capture.connections == 0
        assert [path.name for path in machine.state.iterdir()] == ["off"]
        assert machine.told("status", "--product", "post")["because"].startswith("turned off by `footfall off`")
        assert machine.footfall("on", "--product", "post") == "post telemetry is on: on by default.\n"
        machine.run()
        assert len(capture.events) == KINDS


def test_off_deletes_unsent_events(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    assert len(machine.spool()) == 1
    assert machine.told("off") == {"product": "post", "telemetry": "off", "spool_files_deleted": 1}
    assert machine.spool() == []
    assert (machine.state / "identity.json").exists()


def test_a_running_server_stops_sending(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=3)
        with machine.serving():
            wait_for(lambda: (machine.state / "product.json").exists(), "the server to know who it is")
            machine.footfall("off")
            steadily(lambda: capture.connections == 0, "nothing is sent", 4)
        assert capture.connections == 0
        assert machine.spool() == []


@pytest.mark.parametrize("variables", [{"POST_TELEMETRY": "false"}, {"DO_NOT_TRACK": "1"}], ids=str)
def test_on_does_not_overrule_the_environment(tmp_path: Path, variables: dict[str, str]) -> None:
    machine = Machine(tmp_path / "home").with_variables(**variables)
    machine.footfall("off", "--product", "post")
    assert machine.told("on", "--product", "post")["telemetry"] == "off"
    machine.run()
    assert machine.spool() == []


def test_the_environment_does_not_overrule_off(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home").with_variables(POST_TELEMETRY="true")
    machine.footfall("off", "--product", "post")
    machine.run()
    assert machine.spool() == []
    assert machine.told("status", "--product", "post")["telemetry"] == "off"


def test_forget_deletes_everything_and_prints_the_id_whose_data_to_delete(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=0)
        machine.run()
        waiting = Machine(tmp_path / "home", capture.url)
        waiting.run()
        instance = json.loads((machine.state / "identity.json").read_text())["id"]
        mine = machine.state / "notes.txt"
        mine.write_text("not telemetry's")
        (machine.state / "spool" / "letter.txt").write_text("nor this")
        said = machine.footfall("forget")
        assert f"Its instance ID was {instance}." in said
        assert f"footfall-collector forget {instance}" in said
        assert capture.url in said
        assert sorted(path.name for path in machine.state.iterdir()) == ["notes.txt", "off", "spool"]
        assert machine.spool() == ["letter.txt"]
        sent = len(capture.events)
        machine.run()
        assert len(capture.events) == sent
        machine.footfall("on", "--product", "post")
        machine.run()
        assert {event["distinct_id"] for event in capture.events[sent:]} != {instance}


def test_a_running_server_does_not_restore_forgotten_files(tmp_path: Path) -> None:
    with CaptureServer() as capture:
        machine = Machine(tmp_path / "home", capture.url, grace=3)
        with machine.serving():
            wait_for(lambda: (machine.state / "product.json").exists(), "the server to know who it is")
            told = machine.told("forget")
            steadily(lambda: capture.connections == 0, "nothing is sent", 4)
        assert told["instance"].startswith("local_")
        assert told["collector_command"] == f"footfall-collector forget {told['instance']}"
        assert (told["destination"], told["telemetry"]) == (capture.url, "off")
        assert sorted(path.name for path in machine.state.iterdir()) == ["off", "spool"]
        assert machine.spool() == []


def test_an_unknown_name_is_turned_off_with_a_note(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    note = "no product named pots has kept state here (known: post); check the name"
    said = machine.footfall("off", "--product", "pots").splitlines()
    assert said == [
        "pots telemetry is off, also for servers that run now. 0 spool files were deleted.",
        f"note: {note}",
    ]
    assert (machine.state.parent / "pots" / "off").exists()
    assert "note" not in machine.told("off", "--product", "post")
    told = machine.told("off", "--product", "psot")
    assert told["note"] == "no product named psot has kept state here (known: post, pots); check the name"


def test_forget_of_an_unknown_product_does_not_claim_a_deletion(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    assert machine.footfall("forget", "--product", "nope").splitlines() == [
        "Nothing was kept here for nope. Telemetry is off.",
        "note: no product named nope has kept state here (known: none); check the name",
    ]
    assert machine.footfall("forget", "--product", "nope") == "Nothing was kept here for nope. Telemetry is off.\n"
    assert machine.told("status", "--product", "nope")["telemetry"] == "off"


def test_one_deleted_file_is_counted_in_the_singular(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.run()
    assert machine.footfall("off").endswith(" 1 spool file was deleted.\n")


def test_forgetting_nothing_is_no_error(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    assert machine.told("forget", "--product", "post")["instance"] is None
    assert machine.told("status", "--product", "post")["telemetry"] == "off"


def test_after_forget_the_product_is_still_known(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.told("forget", "--product", "post")
    assert machine.told("off")["product"] == "post"
    assert machine.told("on")["telemetry"] == "on"


def test_if_the_marker_can_not_be_written_the_error_names_the_variable(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.state.parent.mkdir(parents=True)
    machine.state.write_text("a file where the directory belongs")
    for command in ("off", "forget"):
        done = machine.ended(command, "--product", "post")
        assert done.returncode == 1
        assert b"POST_TELEMETRY=false" in done.stderr
