"""The demo: a collector, an instrumented MCP server, and real MCP clients that call its tools.

python scripts/demo        stay until Ctrl-C; DEMO_SECONDS, FOOTFALL_PORT and TOOLKIT_PORT change that

Exit codes: 0 ended as asked, 1 something went wrong, which is then said.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a folder run as a program knows only itself

import anyio  # noqa: E402 - the line above makes what follows importable

from scripts.demo.plan import HOST, DemoError, read_plan  # noqa: E402 - as above
from scripts.demo.stage import run  # noqa: E402 - as above


def main() -> int:
    """Run the demo in a temporary directory, which is removed at the end."""
    # The visitors run in this process and call servers on this machine, which no proxy can reach.
    os.environ.update(NO_PROXY=HOST, no_proxy=HOST)
    base = ROOT / ".demo"
    base.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=base))
    code = 0
    try:
        anyio.run(run, read_plan(os.environ, directory))
    except* DemoError as errors:
        print(f"demo: {_first(errors)}", file=sys.stderr)
        code = 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        if not any(base.iterdir()):
            base.rmdir()
    return code


def _first(errors: BaseExceptionGroup[DemoError]) -> DemoError:
    """The first error; the others follow from it."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


if __name__ == "__main__":
    sys.exit(main())
