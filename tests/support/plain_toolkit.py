"""The toolkit's program as a file, with and without telemetry: the reference for a server without the library."""

from pathlib import Path

import footfall_toolkit

_TELEMETRY = ("from footfall", "PRODUCT = ", "telemetry = ", "instrument(")
"""How the lines begin that telemetry takes: two imports, the product, the telemetry object, and the one line."""


def whole(directory: Path) -> str:
    """The path of the program as it is."""
    return _written(directory / "whole.py", _source())


def plain(directory: Path) -> str:
    """The path of the program without the five lines of telemetry."""
    lines = _source().splitlines(keepends=True)
    kept = [line for line in lines if not line.strip().startswith(_TELEMETRY)]
    assert len(lines) - len(kept) == 5
    return _written(directory / "plain.py", "".join(kept))


def _source() -> str:
    return (Path(footfall_toolkit.__file__).parent / "__main__.py").read_text()


def _written(path: Path, source: str) -> str:
    path.write_text(
        source.replace("from . import", "from footfall_toolkit import").replace("from .", "from footfall_toolkit.")
    )
    return str(path)
