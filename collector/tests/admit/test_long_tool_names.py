"""A tool's name of 128 characters, the most that MCP allows, reaches a chart whole; a longer one is `other`."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path

from collector.tests.app.http import ask, post
from footfall_collector.receive import WriteKeys
from tests.support.collector_process import start_collector
from tests.support.waiting import wait_for

SECRET = "correct horse battery"


def test_a_name_of_128_characters_reaches_the_charts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    WriteKeys(data).add("dot-ai", "phc_long")
    events = [
        {
            "uuid": str(uuid.uuid4()),
            "event": "tool_executed",
            "distinct_id": "cluster_0000000000000001",
            "timestamp": datetime.now(UTC).isoformat(),
            "properties": {
                "dot_ai_version": "2.3.0",
                "ai_provider": "anthropic",
                "is_internal": False,
                "tool": name,
                "success": True,
                "duration_ms": 5,
                "mcp_client": "Zed",
            },
        }
        for name in ("a" * 128, "b" * 129)
    ]
    headers = {"Authorization": f"Bearer {SECRET}"}
    with start_collector(data, {"FOOTFALL_SIGN_IN_SECRET": SECRET}, segment_seconds=0.1) as collector:
        assert post(collector, json.dumps({"api_key": "phc_long", "batch": events}).encode()).status == 200

        def rows(query: str = "") -> list[list[object]]:
            found: list[list[object]] = ask(collector, "GET", f"/api/charts/tool-usage{query}", headers=headers).json[
                "rows"
            ]
            return found

        wait_for(lambda: len(rows()) == 2, "the calls to be in the store")
        assert {(row[0], row[1]) for row in rows()} == {("a" * 128, 1), ("other", 1)}
        assert [row[0] for row in rows(f"?tool={'a' * 128}")] == ["a" * 128]
