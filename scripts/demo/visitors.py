"""The visitors of the demo's server and their calls: real MCP clients with the names and versions of public ones."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scripts.demo.toolkit import EARLIER

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Visitor:
    """An MCP client; `modern` speaks protocol 2026-07-28, the others open a session with `initialize`."""

    name: str
    version: str
    modern: bool


VISITORS = (
    Visitor("claude-code", "2.0.51", modern=True),
    Visitor("cursor-vscode", "1.9.3", modern=False),
    Visitor("Codex", "0.61.0", modern=True),
    Visitor("gemini-cli-mcp-client", "0.17.1", modern=False),
    Visitor("Visual Studio Code", "1.118.0", modern=False),
    Visitor("opencode", "1.0.110", modern=True),
    Visitor("Zed", "0.214.5", modern=False),
)
AT_HOME = (
    # Over stdio: each starts its own server. The variable of its AI provider, and its release of the toolkit.
    (Visitor("claude-code", "2.0.49", modern=True), "OPENAI_API_KEY", EARLIER),
    (Visitor("goose", "1.14.2", modern=False), "GEMINI_API_KEY", None),
    (Visitor("Kilo-Code", "4.120.0", modern=False), "MISTRAL_API_KEY", None),
)
OVER_SSE = Visitor("windsurf-client", "1.12.30", modern=False)

GOOD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/shop:1.4.3"}]}
"""

ASKED: tuple[tuple[int, Call], ...] = (
    # How often, and what. All but the last few succeed where there is a cluster to read.
    (9, ("query", {"kind": "pods", "namespace": "shop"})),
    (4, ("query", {"kind": "deployments"})),
    (2, ("query", {"kind": "coupons"})),
    (6, ("describe", {"kind": "pod", "name": "coupons-0", "namespace": "shop"})),
    (5, ("logs", {"pod": "coupons-0", "namespace": "shop"})),
    (4, ("events", {"namespace": "shop", "warnings_only": True})),
    (7, ("validate_manifest", {"manifest": GOOD})),
    (3, ("validate_manifest", {"manifest": GOOD.replace("image", "imgae")})),
    (2, ("describe", {"kind": "pod", "name": "checkout-0", "namespace": "shop"})),
    (1, ("query", {"kind": "nodes"})),
    (1, ("query", {"kind": "gadgets"})),
    (1, ("logs", {"namespace": "shop"})),
    (1, ("validate_manifest", {"manifest": GOOD, "kubernetes_version": "1.9"})),
)
OPENING: tuple[Call, ...] = (("version", {}), ("no_such_tool", {}))
"""Called only while the demo starts: any later call of `version` is the user's own."""


def questions(chance: random.Random) -> Iterator[Call]:
    """An endless sequence of the visitors' calls, deterministic for a seed."""
    weights, calls = [weight for weight, _ in ASKED], [call for _, call in ASKED]
    while True:
        yield chance.choices(calls, weights)[0]
