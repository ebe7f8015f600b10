"""The collector chart's memory limits follow the measurements of the capacity guide."""

from bench.collector.ingest import MOST_MEMORY_MIB
from bench.store.report import MEMORY_BAR_MIB
from collector.tests.defence.test_under_attack import CEILING
from deploy.tests.charts import CHARTS, render
from footfall_collector.runtime import Settings


def bytes_of(quantity: str) -> int:
    """A quantity of memory as Kubernetes, or as DuckDB, writes it."""
    units = {"MB": 10**6, "GB": 10**9, "Mi": 1 << 20, "Gi": 1 << 30}
    return int(quantity[:-2]) * units[quantity[-2:]]


def test_its_memory_is_that_of_the_capacity_guide() -> None:
    """The benches refuse a collector that needs more; the chart has to give it as much."""
    resources = render(chart="collector").container["resources"]
    request, limit = (bytes_of(resources[kind]["memory"]) for kind in ("requests", "limits"))
    assert request >= MOST_MEMORY_MIB * (1 << 20)
    assert request >= bytes_of(Settings.store_memory)
    assert limit >= MEMORY_BAR_MIB << 20
    assert limit > CEILING
    told = (CHARTS.parents[1] / "docs/capacity.md").read_text()
    for kind in ("requests", "limits"):
        assert f"| `resources.{kind}.memory` | {resources[kind]['memory']} |" in told
    assert f"| `resources.requests.cpu` | {resources['requests']['cpu']} |" in told
    assert f"limit of {MOST_MEMORY_MIB:.0f} MiB" in told
    assert f"below {CEILING >> 20} MiB" in told
