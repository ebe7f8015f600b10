"""The scripts that a collector serves are what their sources make, byte for byte, and a first visit loads little."""

import subprocess
from pathlib import Path
from typing import Any

import brotli
from playwright.sync_api import Browser, Response

from tests.dashboard.browser import wait_until_drawn

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "collector" / "frontend"
STATIC = ROOT / "collector" / "src" / "footfall_collector" / "show" / "pages" / "static"
MOST_BYTES, MOST_REQUESTS = 250_000, 15


def test_the_served_scripts_are_what_their_sources_make(tmp_path: Path) -> None:
    assert (FRONTEND / "node_modules" / ".installed").exists(), (
        "what builds the scripts is not installed: run `make node`"
    )
    subprocess.run(["node", "build.mjs", "--to", tmp_path], cwd=FRONTEND, check=True, timeout=120)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.as_posix() for path in made} == {"app.js", "app.css", "embed.js", "theme.js", "vendor/echarts.js"}
    for name, body in made.items():
        assert (STATIC / name).read_bytes() == body, f"{name} differs from its sources: run `make generate`"
    for compressed in STATIC.rglob("*.br"):
        assert brotli.decompress(compressed.read_bytes()) == compressed.with_suffix("").read_bytes(), compressed
    served = {path.relative_to(STATIC) for path in STATIC.rglob("*.js")}
    assert served <= set(made), "a script without sources"


def test_a_first_visit_is_small(chromium: Browser, url: str) -> None:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto(url)
    wait_until_drawn(page)
    # The live update, which begins two seconds later, is no part of the visit.
    loaded = [response for response in responses if not response.url.endswith("/api/pulse")]
    sizes = {response.url.removeprefix(url): _transferred(response) for response in loaded}
    context.close()
    assert len(loaded) <= MOST_REQUESTS, list(sizes)
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def _transferred(response: Response) -> int:
    sizes: dict[str, Any] = dict(response.request.sizes())
    return int(sizes["responseBodySize"]) + int(sizes["responseHeadersSize"])
