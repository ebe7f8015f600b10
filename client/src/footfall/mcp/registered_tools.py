"""The names that code gave to the tools of a server: only these leave the process, any other is recorded as `other`.

A name in an answer to `tools/list` is not enough. It can come from another server, an API description, a database or a
folder, and be made for one user. Names that code registers are allowed whenever they are registered: a call of an
unknown name looks again.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

_MAX_DEPTH = 20
_TOOLS_OF_CODE = ("FunctionTool", "Tool")

Names = Callable[[], Iterable[str]]


class RegisteredTools:
    """The registered names of one server.

    Args:
        names: returns the names that are registered now; None where a server keeps no register, as a low-level one.

    Attributes:
        known: the names that telemetry was told of.
    """

    def __init__(self, telemetry: Any, names: Names | None = None) -> None:
        self._telemetry = telemetry
        self._names = names
        self.known: set[str] = set()

    def update(self) -> None:
        """Allow the names that were registered since the last time. Never raises."""
        if self._names is None:
            return
        try:
            added = {name for name in self._names() if type(name) is str} - self.known
        except Exception:  # noqa: BLE001 - a release that keeps its tools elsewhere: their names become `other`
            return
        if added:
            self._telemetry.register_tools(*added)
            self.known |= added


def of_mcp(server: Any) -> list[str]:
    """The tools of a `FastMCP` or `MCPServer` of the official SDK: only its decorator and `add_tool` register any."""
    return [tool.name for tool in server._tool_manager.list_tools()]


def of_fastmcp(provider: Any, depth: int = 0, server: Any = None) -> set[str]:
    """The tools of a `fastmcp.FastMCP`, or of another provider, that code registered with a decorator or `add_tool`.

    Providers are allowed by their exact class: a subclass, as `FileSystemProvider`, can take its tools from anywhere.
    The one that a server makes for itself is allowed where its class is the server module's own (fastmcp 4.2).
    """
    names: set[str] = set()
    if depth > _MAX_DEPTH:
        return names
    if _is_fastmcp(type(provider), "LocalProvider") or _is_made_by(server, provider):
        names.update(_names_of_code(provider))
    for inner in _inner_providers(provider):
        names |= of_fastmcp(inner, depth + 1, provider)
    for transform in provider.transforms:
        names = {_renamed(name, transform) for name in names}
    return names


def _is_made_by(server: Any, provider: Any) -> bool:
    """Whether a `FastMCP` made this provider for the tools that code registers on it."""
    if provider is not getattr(server, "local_provider", None):
        return False
    made_in = type(provider).__module__
    return any(_is_fastmcp(cls, "FastMCP") and cls.__module__ == made_in for cls in type(server).__mro__)


def _inner_providers(provider: Any) -> Iterable[Any]:
    classes = type(provider).__mro__
    if any(_is_fastmcp(cls, "FastMCP") or _is_fastmcp(cls, "AggregateProvider") for cls in classes):
        providers: Iterable[Any] = provider.providers
        return providers
    if _is_fastmcp(type(provider), "FastMCPProvider"):
        return (provider.server,)
    return (provider._inner,) if _is_fastmcp(type(provider), "_WrappedProvider") else ()


def _names_of_code(local_provider: Any) -> Iterator[str]:
    for component in local_provider._components.values():
        if _is_tool_of_code(component):
            yield component.name


def _is_tool_of_code(component: Any) -> bool:
    """Whether a registered component is a tool of code: a function, or a class of the host's own.

    One that was copied from another server or an API description has the name that it has there, or one that was made
    from it.
    """
    for cls in type(component).__mro__:
        if cls.__module__.partition(".")[0] == "fastmcp":
            if cls.__name__ == "TransformedTool":
                return _is_tool_of_code(component.parent_tool)
            return cls.__name__ in _TOOLS_OF_CODE
    return False


def _renamed(name: str, transform: Any) -> str:
    """The name after a transformation whose new names are in the code; after any other it is not known."""
    if _is_fastmcp(type(transform), "Namespace"):
        return str(transform._transform_name(name))
    if _is_fastmcp(type(transform), "ToolTransform") and name in transform._transforms:
        return str(transform._transforms[name].name or name)
    return name


def _is_fastmcp(cls: type, name: str) -> bool:
    return cls.__name__ == name and cls.__module__.partition(".")[0] == "fastmcp"
