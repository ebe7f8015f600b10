"""How the demo starts a toolkit: the arguments of Python, and the environment with its telemetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

EARLIER = "2.1.4"
"""A release that some have not updated from. There is no such package to install: it is today's code that says so."""

_AS_RELEASE = """
import sys, footfall_toolkit
footfall_toolkit.__version__ = sys.argv.pop(1)
from footfall_toolkit.__main__ import main
sys.exit(main())
"""


@dataclass(frozen=True)
class Toolkit:
    """One installation of the toolkit.

    Attributes:
        provider: the variable whose presence says which AI provider is configured.
        kubeconfig: of its cluster; `/dev/null` for none.
        state: directory of its instance ID; it identifies the installation where there is no cluster.
        release: None for the current one.
    """

    provider: str
    kubeconfig: Path
    state: Path
    release: str | None = None

    def arguments(self, *more: str) -> list[str]:
        """What Python is started with."""
        if self.release is None:
            return ["-m", "footfall_toolkit", *more]
        return ["-c", _AS_RELEASE, self.release, *more]

    def environment(self, collector: str) -> Mapping[str, str]:
        """The variables that route its telemetry to the demo's collector, without grace period, and the rest of it."""
        return {
            "DOT_AI_POSTHOG_HOST": collector,
            "DOT_AI_POSTHOG_KEY": "phc_demo",
            "DOT_AI_TELEMETRY_GRACE_SECONDS": "0",
            "DOT_AI_TELEMETRY_FLUSH_SECONDS": "1",
            "DOT_AI_TELEMETRY_STATE_DIR": str(self.state),
            "KUBECONFIG": str(self.kubeconfig),
            "NO_PROXY": "127.0.0.1",
            self.provider: "a-key-of-the-demo",
        }
