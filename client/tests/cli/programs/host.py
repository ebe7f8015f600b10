"""A host application without MCP: records CALLS calls of a tool, then waits until its stdin is closed.

python host.py NAME CALLS
"""

import sys
from typing import Annotated

from footfall import Product, Telemetry
from footfall.catalogue import Amount, Event, Property, ToolError, ToolExecuted, Vocabulary


class LetterSent(Event, frozen=True, tag="letter_sent"):
    meaning = "A letter was sent."

    size: Annotated[str, Property(Vocabulary("size", ("small", "large")), "Its size", "Order envelopes", "next")]
    weight: Annotated[float, Property(Amount("grams", 5000), "Its weight", "Order stamps", "next", required=False)] = 0


class LetterLost(Event, frozen=True, tag="letter_lost"):
    """A letter was lost."""

    size: Annotated[str, Property(Vocabulary("size", ("small", "large")), "Its size, Größe", "Find bags", "next")]


def main() -> None:
    name, calls = sys.argv[1], int(sys.argv[2])
    product = Product(
        name, version="3.2.1", write_key="phc_own", catalogue=(LetterSent, LetterLost), client_names=("post-office",)
    )
    telemetry = Telemetry(product)
    telemetry.register_tools("greet")
    telemetry.server_started()
    for number in range(calls):
        telemetry.record(ToolExecuted(tool="greet", success=True, duration_ms=number, mcp_client="post-office"))
    if calls:
        telemetry.record(ToolError(tool="greet", error_type="LookupError"))
        telemetry.record(LetterSent(size="large", weight=12.34))
        telemetry.record(ToolExecuted(tool="greet", success=True, duration_ms=float("nan")))  # no number: dropped
    print("ready", flush=True)
    sys.stdin.read()
    telemetry.close()


main()
