"""Charts as files."""

import csv
import io
import re
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall_collector.show.api.export import as_csv, as_parquet

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
CELLS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
)


def test_a_csv_has_a_header_empty_cells_for_nothing_and_words_for_flags() -> None:
    text = as_csv(["tool", "calls", "ok"], [["query, all", 3, True], [None, 0.5, False]])
    assert text == 'tool,calls,ok\r\n"query, all",3,true\r\n,0.5,false\r\n'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_formula_is_escaped_for_spreadsheets(start: str) -> None:
    (_, (cell,)) = csv.reader(io.StringIO(as_csv(["tool"], [[f"{start}1+1"]]), newline=""))
    assert cell == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["a;=1+1", " =1+1", "a\n=1+1", "a\t@x", "\uff1d1+1", "a|-1", "\n=1+1", "a;\t+1"])
def test_a_formula_after_another_separator_is_escaped_too(cell: str) -> None:
    text = as_csv(["tool"], [[cell]]).partition("\r\n")[2].strip('"\r\n')
    for part in re.split(r"[;,|\r\n\t]", text):
        assert not part.strip().startswith(("=", "+", "-", "@", "\uff1d"))


@pytest.mark.parametrize("cell", ["query", "manage-org-data", "a/b.c_d", "2.3.0-rc", "2026-11-24T13:00:00Z", "a, b"])
def test_a_usual_name_is_exported_as_it_is(cell: str) -> None:
    (_, (read,)) = csv.reader(io.StringIO(as_csv(["tool"], [[cell]]), newline=""))
    assert read == cell


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_every_csv_has_as_many_rows_and_cells_as_the_chart(rows: list[tuple[Any, Any]]) -> None:
    read = list(csv.reader(io.StringIO(as_csv(["a", "b"], rows), newline="")))
    assert [len(row) for row in read] == [2] * (len(rows) + 1)


def test_a_parquet_file_has_typed_columns_and_nulls(tmp_path: Any) -> None:
    columns = ['to"ol', "calls", "rate", "ok", "none"]
    rows: list[list[Any]] = [["query", 3, 0.5, True, None], [None, 2**40, 1, None, None]]
    path = tmp_path / "chart.parquet"
    path.write_bytes(as_parquet(columns, rows))
    with duckdb.connect() as connection:
        found = connection.execute("SELECT * FROM read_parquet(?)", [str(path)])
        names = [(column[0], str(column[1])) for column in found.description or ()]
        assert found.fetchall() == [("query", 3, 0.5, True, None), (None, 2**40, 1.0, None, None)]
    assert names == [
        ('to"ol', "VARCHAR"),
        ("calls", "BIGINT"),
        ("rate", "DOUBLE"),
        ("ok", "BOOLEAN"),
        ("none", "VARCHAR"),
    ]


def test_a_chart_without_rows_is_a_parquet_file_with_columns(tmp_path: Any) -> None:
    path = tmp_path / "chart.parquet"
    path.write_bytes(as_parquet(["tool"], []))
    with duckdb.connect() as connection:
        assert connection.execute("SELECT count(*) FROM read_parquet(?)", [str(path)]).fetchall() == [(0,)]
