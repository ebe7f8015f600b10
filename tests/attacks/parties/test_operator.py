"""What is left to the operator of the collector's host, or to a thief of its files."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from footfall_collector.admit.instance_hash import instance_of
from footfall_collector.admit.pepper import load_pepper
from tests.attacks.parties.claims import Party, at_most
from tests.attacks.parties.fleet import INSTANCES, SENDERS_ADDRESS
from tests.support.collector_process import CollectorProcess


@pytest.fixture(scope="module")
def exported(guarded: CollectorProcess, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Every stored event with all its columns."""
    out = tmp_path_factory.mktemp("export") / "events"
    command = [sys.executable, "-m", "footfall_collector", "export", "--data", str(guarded.data_dir), str(out)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOOTFALL_")}
    subprocess.run(command, env=inherited, check=True, capture_output=True, timeout=60)
    with duckdb.connect() as connection:
        files = [str(path) for path in sorted(out.rglob("*.parquet"))]
        return str(connection.execute("SELECT * FROM read_parquet(?)", [files]).fetchall())


def files_of(data: Path) -> dict[str, bytes]:
    return {path.relative_to(data).as_posix(): path.read_bytes() for path in data.rglob("*") if path.is_file()}


@at_most(Party.OPERATOR, "read every event under its rehashed ID, and no address or sent ID once a request is answered")
def test_no_file_has_an_address_or_a_sent_id(guarded: CollectorProcess, exported: str) -> None:
    """A file, the log or an export has a sender's address, or an instance ID as it was sent."""
    written = files_of(guarded.data_dir) | {"log": guarded.output.encode(), "export": exported.encode()}
    for word in (SENDERS_ADDRESS, *INSTANCES, *(instance.partition("_")[2] for instance in INSTANCES)):
        assert not [name for name, content in written.items() if word.encode() in content], word


@at_most(Party.OPERATOR, "with the pepper, confirm an ID that is known already; a thief without it can't do even that")
def test_only_the_pepper_joins_a_known_id_with_its_events(guarded: CollectorProcess, exported: str) -> None:
    """A stored ID follows from the sent one without the pepper, or the pepper is in another file than its own."""
    pepper = load_pepper(guarded.data_dir)
    known = instance_of(pepper, "dot-ai", INSTANCES[0])[0]
    assert known in exported, "the operator can confirm it"
    assert instance_of(b"\0" * len(pepper), "dot-ai", INSTANCES[0])[0] not in exported
    forms = (pepper, pepper.hex().encode())
    assert {name for name, content in files_of(guarded.data_dir).items() if any(form in content for form in forms)} == {
        "pepper"
    }
