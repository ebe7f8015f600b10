"""A function that is no MCP tool, such as one behind a REST route. It is counted like a tool call, without an SDK."""

import sys

from footfall import Product, Telemetry

telemetry = Telemetry(Product("hello", version="1.0.0"))


@telemetry.tool("greet", client="http")
def greet(name: str) -> str:
    """Say hello."""
    return f"Hello, {name}!"


def measure(name: str) -> int:
    """The same for part of a function."""
    with telemetry.tool("measure", client="http"):
        return len(name)


if __name__ == "__main__":
    telemetry.server_started()
    print(greet(sys.argv[1]), measure(sys.argv[1]))
