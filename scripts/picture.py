"""Takes the README's pictures of the dashboard, light and dark, while the demo runs.

make demo                              in one terminal
.venv/bin/python scripts/picture.py    in another; give the collector's address where the port was moved
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a file run as a program knows only its own folder

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 - as below

from scripts.find_chromium import find  # noqa: E402 - the line above makes it importable

PICTURES = {"light": ROOT / "docs/img/dashboard.png", "dark": ROOT / "docs/img/dashboard-dark.png"}
"""By colour scheme."""
SIZE = {"width": 1440, "height": 1170}


def take(browser: Browser, address: str, scheme: str, picture: Path) -> None:
    """One picture of the page once it has drawn everything."""
    page = browser.new_page(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type] # plain words will do
    page.goto(address)
    page.wait_for_function("() => Number(document.documentElement.dataset.ready ?? 0) >= 1")
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture)
    page.close()


def main() -> int:
    """0 where the pictures were taken; 1 where there is no Chromium."""
    collector = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8765"
    chromium = find()
    if chromium is None:
        print("picture: there is no Chromium; `make browser` installs one", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for scheme, picture in PICTURES.items():
            take(browser, f"{collector}/?product=dot-ai&internal=all&range=1h", scheme, picture)
            print(f"wrote {picture.relative_to(ROOT)}")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
