"""The fleet's world: tools, clients, providers, releases, and how common each is. Data, a draw, and the rounding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import count
from random import Random

DAY = 86_400
HOUR = 3600


@dataclass(frozen=True)
class Tool:
    """A tool: the share of calls that fail, the median duration in milliseconds, and the classes of its errors."""

    name: str
    failing: float
    median_ms: float
    errors: tuple[str, ...]


TOOLS = (
    # By rank: the number of calls follows Zipf's law.
    Tool("query", 0.02, 340.0, ("ApiException", "TimeoutError")),
    Tool("recommend", 0.05, 9_400.0, ("AIProviderError", "RateLimitError", "TimeoutError")),
    Tool("version", 0.001, 2.4, ("ConnectionError",)),
    Tool("remediate", 0.11, 21_000.0, ("KubernetesAPIError", "AIProviderError", "TimeoutError", "ValidationError")),
    Tool("operate", 0.07, 14_500.0, ("ForbiddenError", "KubernetesAPIError", "ConflictError")),
    Tool("describe", 0.03, 120.0, ("NotFoundError", "ApiException")),
    Tool("manageKnowledge", 0.04, 760.0, ("QdrantError", "EmbeddingError")),
    Tool("logs", 0.06, 210.0, ("NotFoundError", "ForbiddenError")),
    Tool("manageOrgData", 0.02, 640.0, ("QdrantError", "ValidationError")),
    Tool("projectSetup", 0.01, 1_900.0, ("ValidationError",)),
    Tool("events", 0.02, 95.0, ("ApiException",)),
    Tool("other", 0.25, 1.1, ("ToolError", "ValidationError")),
)
TOOL_WEIGHTS = tuple(1.0 / rank**1.1 for rank in range(1, len(TOOLS) + 1))


@dataclass(frozen=True)
class Client:
    """An MCP client: its share of the instances, its versions from old to new, and its transport if not stdio."""

    name: str
    share: float
    versions: tuple[str, ...] = ()
    remote: str = "streamable-http"


CLIENTS = (
    Client("claude-code", 38, ("1.0.48", "1.0.51", "1.1.0", "1.1.2")),
    Client("cursor-vscode", 21, ("1.0.0", "1.2.0")),
    Client("Visual Studio Code", 12, ("1.104.1", "1.105.0", "1.106.2")),
    Client("codex-mcp-client", 7, ("0.46.0", "0.50.0-alpha")),
    Client("claude-ai", 6, ("0.1.0",)),
    Client("gemini-cli-mcp-client", 4, ("1.0.0",)),
    Client("Cline", 3, ("3.32.6",), "sse"),
    Client("Windsurf", 2, ("1.12.9",), "sse"),
    Client("goose", 2, ("1.9.0",)),
    Client("inspector", 2, ("0.17.2",), "sse"),
    Client("other", 4, ("2.0.0", "other")),
    Client("unknown", 2),
    Client("http", 3),
)
UNLISTED_CLIENTS = ("acme-internal-agent", "jane's assistant", "bot-4711")
"""Names of clients outside the vocabulary; none may appear beyond admission."""

PROVIDERS = (
    ("anthropic", 52),
    ("openai", 20),
    ("google", 9),
    ("azure", 6),
    ("amazon_bedrock", 5),
    ("ollama", 4),
    ("none", 4),
)
METHODS = {
    "cluster": (("helm", 70), ("kustomize", 10), ("manifest", 12), ("kubernetes", 8)),
    "local": (("local", 60), ("docker", 25), ("docker-compose", 15)),
    "ephemeral": (("docker", 70), ("local", 30)),
}
KINDS = (("cluster", 58), ("local", 27), ("ephemeral", 15))
K8S_MINORS = ("1.29", "1.30", "1.31", "1.32", "1.33", "1.34")
K8S_SUFFIXES = ("", "", "-gke.1234567", "+k3s1", "-eks-113cf36")

RELEASES = (
    # Version, days until the next release, and whether it is a bad one, whose calls fail three times as often.
    ("1.10.0", 12, False),
    ("1.11.0", 9, False),
    ("1.11.1", 3, False),
    ("1.12.0-rc", 5, False),
    ("1.12.0", 11, False),
    ("1.13.0", 8, True),
    ("1.13.1", 4, False),
    ("2.0.0-beta", 9, False),
    ("2.0.0", 13, False),
    ("2.1.0", 10, False),
    ("2.2.0", 26, False),
)


def releases() -> Iterator[tuple[str, int, bool]]:
    """Releases without end: those above, then one every ten days, every seventh a bad one."""
    yield from RELEASES
    for number in count(3):
        yield f"2.{number}.0", 10, number % 7 == 0


def pick(rng: Random, shares: tuple[tuple[str, int], ...]) -> str:
    """A random word, weighted by its share."""
    return rng.choices([word for word, _ in shares], [share for _, share in shares])[0]


def rounded(value: float) -> float:
    """Two significant digits, hundredths at the finest, as promised; in the oracle's own decimal arithmetic."""
    exact = Decimal(value)
    step = Decimal("0.01") if exact < 1 else Decimal(1).scaleb(exact.adjusted() - 1)
    return float(exact.quantize(step, ROUND_HALF_EVEN))


WEEK = 7 * DAY
STEP_LENGTHS = {"minute": 60, "hour": HOUR, "day": DAY, "week": WEEK}


def week_of(at: int) -> int:
    """The Monday, 0:00, before a moment. The first day of 1970 was a Thursday."""
    return (at + 3 * DAY) // WEEK * WEEK - 3 * DAY


def bucket_of(at: int, step: str) -> int:
    """The beginning of a moment's step; 0 without steps."""
    if step == "week":
        return week_of(at)
    return at // STEP_LENGTHS[step] * STEP_LENGTHS[step] if step else 0


def percentile(numbers: Sequence[float], percent: int) -> float:
    low, rest = divmod((len(numbers) - 1) * percent, 100)
    above = numbers[min(low + 1, len(numbers) - 1)]
    return numbers[low] + (above - numbers[low]) * rest / 100
