"""A capturing telemetry for tests of a host application: it checks events as in production and keeps them in a list.

with capture(Product("dot-ai")) as telemetry:
    instrument(server, telemetry)
    …
    assert telemetry.named("tool_executed") == [{"tool": "recommend", …}]

`pytest_plugin` has it as the fixture `footfall_capture`. pytest loads the plugin in every run of an environment with
Footfall, so it imports nothing else until a test uses the fixture.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["CapturingTelemetry", "capture"]

if TYPE_CHECKING:
    from .capturing import CapturingTelemetry, capture


def __getattr__(name: str) -> Any:
    if name in __all__:
        from . import capturing

        return getattr(capturing, name)
    raise AttributeError(f"module 'footfall.testing' has no attribute {name!r}")
