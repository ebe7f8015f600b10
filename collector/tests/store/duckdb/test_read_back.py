"""A load is read back from the disk before the journal's copy of it is deleted."""

from pathlib import Path

from collector.tests.receive.shapes import event
from collector.tests.store.fill_store import admitted, journal, journal_dir, loader_of, open_store
from tests.oracle.fleet import stamp

NOVEMBER = 1_793_491_200  # 2026-11-01T00:00:00Z


def journal_events(data: Path, number: int) -> None:
    events = [event(timestamp=stamp(NOVEMBER - 50 - n)) for n in range(number)]
    journal(data, [admitted(events, NOVEMBER, None)])


def test_a_file_that_the_disk_damaged_while_it_was_written_costs_no_event_of_the_journal(tmp_path: Path) -> None:
    month = tmp_path / "store" / "events-2026-10.duckdb"
    damages: list[bool] = []

    def damage(step: str) -> None:
        if step == "checkpointed" and damages:
            damages.pop()
            content = month.read_bytes()
            with month.open("r+b") as file:
                # After the headers: the newest rows, and what describes them.
                file.seek(3 * 4096)
                file.write(bytes(len(content) - 3 * 4096))

    journal_events(tmp_path, 40)
    store = open_store(tmp_path, on_step=damage)
    loader = loader_of(tmp_path, store)
    loader.run_once()
    loader.checkpoint()
    assert list(journal_dir(tmp_path).glob("*.jsonl")) == []
    journal_events(tmp_path, 7)
    loader.run_once()
    damages.append(True)
    loader.run_recovering(loader.checkpoint)
    assert list(journal_dir(tmp_path).glob("*.jsonl"))
    loader.run_once()
    loader.checkpoint()
    assert [(one.name, one.missing) for one in store.incomplete] == [("2026-10", 40)]
    assert store.months.counts() == {"2026-10": 7}
    assert [name.rpartition(".")[0] for name in store.files.quarantine.names()] == [month.name]
    assert list(journal_dir(tmp_path).glob("*.jsonl")) == []
    store.close()


def test_charts_are_answered_from_the_file_that_was_opened_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    loader = loader_of(tmp_path, store)
    for number in (3, 4):
        journal_events(tmp_path, number)
        loader.run_once()
        loader.checkpoint()
    assert store.months.counts() == {"2026-10": 7}
    journal_events(tmp_path, 5)
    loader.run_once()
    assert store.rollup_and_raw_counts() == {"dot-ai": (7, 7)}
    assert store.months.counts() == {"2026-10": 12}
    store.close()
