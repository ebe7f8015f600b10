"""The events of a small fleet: eleven usual instances, and one that stands out."""

import json
import uuid
from pathlib import Path
from typing import Any

from footfall_collector.show.pages import PAGES
from footfall_collector.show.public.archive import write_month
from footfall_collector.show.public.small_groups import PublishedMonth

KEY = "phc_parties"
SENDERS_ADDRESS = "203.0.113.77"
SECRET = "correct horse battery"
SIGNED_IN = {"Authorization": f"Bearer {SECRET}"}
OPENAPI = json.loads((Path(__file__).parents[3] / "docs/openapi.json").read_text(encoding="utf-8"))
INSTANCES = [f"cluster_{number:016x}" for number in range(0x5EED_0000, 0x5EED_000C)]
RARE = INSTANCES[-1]


def write_published_month(data: Path) -> None:
    """A month that was published earlier: about 130 instances."""
    groups = {"ai_provider": {"anthropic": 90, "openai": 30}}
    month = PublishedMonth("dot-ai", "2026-10", 130, 4300, groups, "established")
    write_month(data / "public" / "dot-ai" / "2026-10.json", month)


def call(instance: str, tool: str = "query", **properties: Any) -> dict[str, Any]:
    usual = {"dot_ai_version": "2.3.0", "ai_provider": "anthropic", "is_internal": False, "mcp_client": "Zed"}
    return {
        "uuid": str(uuid.uuid4()),
        "event": "tool_executed",
        "distinct_id": instance,
        "properties": usual | {"tool": tool, "success": True, "duration_ms": 340} | properties,
    }


def fleet_batch() -> list[dict[str, Any]]:
    usual = [call(instance) for instance in INSTANCES[:-1]]
    return [*usual, call(RARE, "recommend", ai_provider="xai", dot_ai_version="2.9.0")]


def reading_paths() -> list[str]:
    """Every address of the API with its files, of the pages, of the metrics and of `/mcp`."""
    paths: list[str] = []
    for path, methods in OPENAPI["paths"].items():
        names = [each["schema"]["enum"] for each in methods["get"]["parameters"] if each["in"] == "path"] or [[""]]
        paths += [path.replace("{name}", name) for name in names[0]]
    return [*paths, *(page.path for page in PAGES), "/metrics", "/mcp"]
