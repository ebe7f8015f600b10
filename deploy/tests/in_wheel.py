"""Run by `test_wheels.py` in an environment that holds only the wheel and its dependencies."""

import importlib
import pkgutil
import sys

import footfall
from footfall import Product, Telemetry
from footfall.catalogue import ToolExecuted

BROUGHT_BY_THE_HOST = {"mcp", "fastmcp", "pytest"}


def every_module() -> None:
    """Import all that the wheel holds but what needs an SDK or pytest, which the host brings."""
    for found in pkgutil.walk_packages(footfall.__path__, "footfall."):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] not in BROUGHT_BY_THE_HOST:
                raise


def one_event() -> None:
    """Record one event and deliver it to the host that the environment names."""
    telemetry = Telemetry(Product("dot-ai", version="1.2.3", write_key="phc_wheel"))
    telemetry.register_tools("recommend")
    telemetry.record(ToolExecuted(tool="recommend", success=True, duration_ms=12.5, mcp_client="claude-code"))
    assert telemetry.flush(30.0), "the event was not delivered"
    telemetry.close()


if __name__ == "__main__":
    assert str(footfall.__file__).startswith(sys.prefix), footfall.__file__
    every_module()
    one_event()
