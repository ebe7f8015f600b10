"""A chart is complete: an entry in the registry, SQL for both engines, a true answer in the oracle, and a panel."""

import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

import footfall_collector
from collector.tests.store.fill_store import CATALOGUES
from footfall_collector.answer import Filters
from footfall_collector.answer.answers import chart_sql, selection_for
from footfall_collector.answer.behaviour import BEHAVIOUR
from footfall_collector.answer.charts import CHARTS, PAGE_QUESTIONS, SUMMARY
from footfall_collector.answer.questions.chart_relations import ChartSegment
from footfall_collector.show.pages import PAGES
from footfall_collector.store import fact_tables
from tests.oracle.behaviour import BEHAVIOUR_ANSWERS
from tests.oracle.truth import ANSWERS

SQL = Path(footfall_collector.__file__).parent / "answer" / "sql"
ENGINES = ("duckdb", "clickhouse")
OTHER_QUERIES = ("hidden", "options", "recent-calls")
"""SQL that answers no chart: the number of hidden internal events, the values of the filters, and calls to sample."""
REGISTRY = "collector/src/footfall_collector/answer/charts.py"
SQL_PLACE = "collector/src/footfall_collector/answer/sql/<page>"
ORACLE = "tests/oracle/truth.py"
BEHAVIOUR_ORACLE = "tests/oracle/behaviour.py"
TYPES = Path(__file__).parents[2] / "frontend" / "src" / "data" / "types.ts"
PANELS, LAYOUT = (f"collector/src/footfall_collector/show/pages/{name}.py" for name in ("panels", "layout"))


def test_every_chart_has_sql_for_both_engines() -> None:
    stored = {path.name for path in SQL.glob("*/*.sql")}
    missing = [
        f"The chart `{name}` has no SQL for {engine}: write its query in {SQL_PLACE}/{name}.{engine}.sql, over the "
        f"relations of store/rollups/tables.py, with the columns that {REGISTRY} gives it, in their order."
        for name in (*(spec.id for spec in (*CHARTS, *PAGE_QUESTIONS, *BEHAVIOUR)), *OTHER_QUERIES)
        for engine in ENGINES
        if f"{name}.{engine}.sql" not in stored
    ]
    assert not missing, "\n".join(missing)


def test_every_sql_file_answers_a_chart() -> None:
    names = {spec.id for spec in (*CHARTS, *PAGE_QUESTIONS, *BEHAVIOUR)} | {*OTHER_QUERIES}
    unused = [
        f"No chart uses {path.parent.name}/{path.name}: add a ChartSpec with the id `{path.name.split('.')[0]}` to "
        f"CHARTS in {REGISTRY}, or delete the file."
        for path in sorted(SQL.glob("*/*.sql"))
        if path.name.split(".")[0] not in names
    ]
    assert not unused, "\n".join(unused)


def test_every_chart_has_a_true_answer_in_the_oracle() -> None:
    missing = [
        f"The chart `{spec.id}` has no true answer: write `def {spec.id.replace('-', '_')}(events: MatchingEvents) -> "
        f"Rows` in {ORACLE}, in plain Python over `events.in_range`, with a cell for each of the columns "
        f"{', '.join(column.name for column in spec.columns)}, and add it to ANSWERS there as "
        f'`"{spec.id}": {spec.id.replace("-", "_")}`.'
        for spec in CHARTS
        if spec.id not in ANSWERS
    ]
    assert not missing, "\n".join(missing)
    missing_behaviour = {spec.id for spec in BEHAVIOUR} ^ BEHAVIOUR_ANSWERS.keys()
    assert not missing_behaviour, f"{sorted(missing_behaviour)} are not both in BEHAVIOUR and in {BEHAVIOUR_ORACLE}."
    unused = ANSWERS.keys() - {spec.id for spec in CHARTS}
    assert not unused, f"{ORACLE} answers {sorted(unused)}, which are in no CHARTS of {REGISTRY}."


def test_every_chart_is_on_a_page() -> None:
    shown = {panel.chart for page in PAGES for panel in page.panels}
    missing = [
        f"No page shows the chart `{spec.id}`: write a Panel for it in {PANELS} and add it to a page in {LAYOUT}."
        for spec in CHARTS
        if spec.id not in shown
    ]
    assert not missing, "\n".join(missing)


def test_every_option_of_a_panel_is_one_that_the_scripts_know() -> None:
    definition = re.search(r"interface PanelConfig \{(.*?)\n\}", TYPES.read_text("utf-8"), re.DOTALL)
    known = {"titles", *re.findall(r"^  (\w+)\??:", definition[1] if definition else "", re.MULTILINE)}
    unknown = [
        f"The panel `{panel.id}` has the option `{name}`, which no script reads: take it out of {PANELS}, or add it to "
        f"PanelConfig in {TYPES.name} and use it."
        for page in PAGES
        for panel in page.panels
        for name in panel.options
        if name not in known
    ]
    assert not unknown, "\n".join(unknown)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("condition", "facts"),
    # One looks up the instances to which it happened.
    [
        ("mcp_client:is:cursor,zed", 1),
        ("tool:is_not:query", 1),
        ("transport:is:stdio", 1),
        ("ai_provider:is_not:xai", 0),
    ],
)
def test_a_condition_that_a_roll_up_knows_is_not_answered_from_facts(engine: str, condition: str, facts: int) -> None:
    product = "dot-ai"
    filters = Filters(product, datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), where=(condition,))
    segment = ChartSegment(SUMMARY, filters, CATALOGUES[product], fact_tables(CATALOGUES.values()))
    sql, _ = segment.applied(chart_sql(engine, SUMMARY.id), selection_for(SUMMARY, filters), engine)
    assert sql.count("facts_tool_executed") == facts


def test_sql_is_read_once_and_also_from_a_zip_file(tmp_path: Path) -> None:
    assert chart_sql("duckdb", "tool-usage") is chart_sql("duckdb", "tool-usage")
    package, archive = SQL.parents[1], tmp_path / "collector.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*"):
            if path.suffix in (".py", ".sql"):
                file.write(path, path.relative_to(package.parent))
    code = (
        "from footfall_collector.answer import answers; print(answers.__file__, answers.chart_sql('duckdb', 'uptime'))"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONPATH": str(archive)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(str(archive))
    assert ran.stdout.rstrip().endswith(chart_sql("duckdb", "uptime").rstrip())
