"""The first-run notice: what is collected, how to see it, how to turn it off."""

import os
import re
import shutil
import sys
from collections.abc import Mapping

from ..catalogue import Amount, Catalogue, Flag, Identifier, Property, ToolName, Version, Vocabulary
from .environment import Settings
from .product import Product

_UV_CACHE = re.compile(r"[/\\]uv[/\\](?:cache[/\\])?(?:archive|environments|builds)-v\d+[/\\]")
_UV_TOOL = re.compile(r"[/\\]uv[/\\](?:data[/\\])?tools[/\\]")
_PIPX_RUN = re.compile(r"[/\\](?:\.cache[/\\]pipx|pipx[/\\](?:\.cache|[Cc]ache))[/\\]")
_KIND_PHRASES = {
    Vocabulary: "words of fixed lists",
    Amount: "rounded numbers",
    Flag: "yes or no",
    Version: "versions",
    ToolName: "names of tools",
    Identifier: "identifiers of the code",
}


def first_run_notice(
    product: Product,
    settings: Settings,
    *,
    catalogue: Catalogue | None = None,
    again: bool = False,
    lasting: bool = True,
    environ: Mapping[str, str] | None = None,
) -> str:
    """A few lines for the log, given once per instance and before anything is sent, and when the product adds events.

    Args:
        product: the product that collects.
        settings: its settings.
        catalogue: its catalogue: for what it adds, less can be promised than for what every product sends.
        again: whether the instance began before, so that its first minutes are over.
        lasting: whether the state directory, and so what `footfall off` leaves there, outlives the process.
        environ: the environment, which shows what can be run in a shell; the process's own by default.
    """
    prefix, command = product.prefix, footfall_command(os.environ if environ is None else environ)
    grace = "" if again else _grace(settings, lasting)
    added = additions(catalogue) if catalogue else {}
    see = "status | preview | log | dictionary" if added else "status | preview | log"
    off = f"{prefix}TELEMETRY=false"
    off += f", or `{command} off --product {product.name}`" if lasting else "; nothing else lasts here"
    return (
        f"{product.name} collects usage analytics: which tools run, how long they take, the class of errors, "
        f"versions, and the names of the MCP client and the AI provider, under a pseudonymous instance ID. "
        f"{_never(added)} arguments, results, error messages, names of clusters or namespaces, keys, or "
        f"addresses. {grace}They go to {settings.host}.\n"
        f"  See it:      {command} {see} --product {product.name}\n"
        f"  Turn it off: {off}\n"
        f'  Over stdio the MCP client must pass the variable on: "env": {{"{prefix}TELEMETRY": "false"}}'
    )


def _grace(settings: Settings, lasting: bool) -> str:
    """When sending begins; empty where nothing waits for it."""
    minutes = settings.grace_seconds / 60
    if minutes < 1:
        return ""
    first = "minute" if round(minutes) == 1 else f"{minutes:.0f} minutes"
    if lasting:
        return f"Nothing is sent in the first {first}. "
    return (
        f"Nothing is sent in the first {first}, or until the process ends if that is sooner: nothing that is kept here "
        "lasts longer. "
    )


def additions(catalogue: Catalogue) -> dict[str, list[Property]]:
    """What a product adds to the events of every product: its events, and its properties as `event.property`.

    Each with the properties that it sends.
    """
    own = {event.name: [p for p in event.properties.values() if p.retired is None] for event in catalogue.own_events}
    extra = {
        f"{event}.{name}": [p]
        for event, added in catalogue.extra.items()
        for name, p in added.items()
        if p.retired is None
    }
    return {**own, **extra}


def _never(added: Mapping[str, list[Property]]) -> str:
    """The beginning of the sentence about what is never sent, which holds for what every product sends."""
    if not added:
        return "Never"
    kinds = {type(p.kind) for properties in added.values() for p in properties}
    phrases = ", ".join(phrase for kind, phrase in _KIND_PHRASES.items() if kind in kinds)
    limits = f"with {phrases}, but no free text" if phrases else "without any property"
    dotted = {"." in name for name in added}
    nouns = [noun for noun, of_standard in (("events", False), ("properties", True)) if of_standard in dotted]
    return f"Also {' and '.join(nouns)} of its own, {limits}: {', '.join(added)}. Apart from what these say, never"


def footfall_command(
    environ: Mapping[str, str], *, environment: str = sys.prefix, interpreter: str = sys.executable
) -> str:
    """What a user types in a shell instead of `footfall`, where that is not on the shell's path.

    Args:
        environ: PATH, and the directories that the installer uses.
        environment: the directory of the virtual environment.
        interpreter: the program that runs this process.
    """
    place = environment.rstrip("/\\") + os.sep
    if _UV_CACHE.search(place) or _UV_TOOL.search(place) or _is_below(place, environ, "UV_CACHE_DIR", "UV_TOOL_DIR"):
        return "uvx footfall"
    if _PIPX_RUN.search(place):
        return "pipx run footfall"
    # uv puts an environment's own programs on the path of the process, but not on that of the user's shell.
    program = shutil.which("footfall", path=environ.get("PATH", ""))
    if program and not ("UV" in environ and _is_same_directory(os.path.dirname(program), interpreter)):
        return "footfall"
    return f"{_quoted(interpreter)} -m footfall" if interpreter else "python -m footfall"


def _is_below(place: str, environ: Mapping[str, str], *variables: str) -> bool:
    return any(place.startswith(os.path.abspath(path) + os.sep) for path in map(environ.get, variables) if path)


def _is_same_directory(directory: str, program: str) -> bool:
    return os.path.abspath(directory) == os.path.dirname(os.path.abspath(program))


def _quoted(path: str) -> str:
    return path if re.fullmatch(r"[\w./:\\~+-]+", path) else f'"{path}"'
