"""Takes the README's picture of the dashboard while the demo runs.

make demo                              in one terminal
.venv/bin/python scripts/picture.py    in another; give the collector's address where the port was moved
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a file run as a program knows only its own folder

from playwright.sync_api import sync_playwright  # noqa: E402 - as below

from scripts.find_chromium import find  # noqa: E402 - the line above makes it importable

PICTURE = ROOT / "docs/img/dashboard.png"
SIZE = {"width": 1280, "height": 1500}


def main() -> int:
    """0 where the picture was taken; 1 where there is no Chromium."""
    collector = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765"
    chromium = find()
    if chromium is None:
        print("picture: there is no Chromium; `make browser` installs one", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type] # a plain dict will do
        page.goto(f"{collector}/?product=dot-ai&internal=all&range=24h")
        page.wait_for_function("() => Number(document.documentElement.dataset.ready ?? 0) >= 1")
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"wrote {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
