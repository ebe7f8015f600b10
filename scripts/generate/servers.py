"""The example servers, as the page that shows how to instrument one has them."""

from pathlib import Path

FOLDER = "examples/servers"
TITLES = {
    "mcp2_lowlevel.py": "Low-level `Server` of mcp 2.x",
    "mcp1_fastmcp.py": "`FastMCP` of mcp 1.x",
    "mcp1_lowlevel.py": "Low-level `Server` of mcp 1.x",
    "fastmcp34.py": "`FastMCP` of fastmcp 3 and 4",
    "rest.py": "A function that is no MCP tool, such as one behind a REST route",
}
"""File to heading. The first example of the page, `MCPServer` of mcp 2.x, has none."""
_PACKAGE = "It needs `pip install {}`."
PACKAGES = {
    "mcp2_lowlevel.py": _PACKAGE.format("'mcp>=2'"),
    "mcp1_fastmcp.py": _PACKAGE.format("'mcp<2'"),
    "mcp1_lowlevel.py": _PACKAGE.format("'mcp<2'"),
    "fastmcp34.py": _PACKAGE.format("fastmcp"),
    "rest.py": "It needs no SDK.",
}
"""File to what has to be installed beside the client."""


def servers(root: Path) -> dict[str, dict[str, str]]:
    """`sources` by file name, without their docstrings' line, `titles`, and `packages`, what each needs."""
    found = {path.name: path.read_text("utf-8") for path in sorted((root / FOLDER).glob("*.py"))}
    sources = {name: text.split("\n\n", 1)[1].strip() for name, text in found.items() if not name.startswith("test_")}
    return {"sources": sources, "titles": TITLES, "packages": PACKAGES}
