"""What is no MCP tool: a function behind a REST route, a command. Counted like a tool call, without any SDK."""

import sys

from footfall import Product, Telemetry

telemetry = Telemetry(Product("hello", version="1.0.0"))


@telemetry.tool("greet", client="http")
def greet(name: str) -> str:
    """Say hello."""
    return f"Hello, {name}!"


def measure(name: str) -> int:
    """The same for a part of a function."""
    with telemetry.tool("measure", client="http"):
        return len(name)


if __name__ == "__main__":
    telemetry.server_started()
    print(greet(sys.argv[1]), measure(sys.argv[1]))
