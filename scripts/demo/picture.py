"""Takes pictures of the dashboard for the README and the documents, into docs/img.

.venv/bin/python scripts/demo/picture.py      of the demo, which runs in another terminal (`make demo`)
.venv/bin/python scripts/demo/picture.py http://127.0.0.1:9000   the same, where the port was moved
.venv/bin/python scripts/demo/picture.py --pages     every page, from a separate collector with a seeded fleet
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a file run as a program knows only its own folder

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 - as below

from scripts.setup.find_chromium import find  # noqa: E402 - the line above makes it importable

PICTURES = {"light": ROOT / "docs/img/dashboard.png", "dark": ROOT / "docs/img/dashboard-dark.png"}
"""By colour scheme."""
SIZE = {"width": 1440, "height": 1170}
PAGES = {
    "overview": "/",
    "tools": "/tools",
    "errors": "/errors",
    "clients": "/clients",
    "next": "/next",
    "data-health": "/data-health",
}


def take(browser: Browser, address: str, scheme: str, picture: Path, whole: bool = False) -> None:
    """One picture of the page once it has drawn everything; `whole` is all of it, not only what a screen shows."""
    page = browser.new_page(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type] # plain words will do
    page.goto(address)
    page.wait_for_function("() => Number(document.documentElement.dataset.ready ?? 0) >= 1")
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture, full_page=whole)
    page.close()
    print(f"wrote {picture.relative_to(ROOT)}")


def of_the_demo(browser: Browser, collector: str) -> None:
    """The README's pictures."""
    for scheme, picture in PICTURES.items():
        take(browser, f"{collector}/?product=dot-ai&internal=all&range=1h", scheme, picture)


def of_every_page(browser: Browser) -> None:
    """The documents' pictures, of a fleet that is always the same except for its dates."""
    from tests.dashboard.feeding import feed
    from tests.oracle.fleet import Fleet
    from tests.support.collector_process import start_collector

    with (
        tempfile.TemporaryDirectory() as folder,
        start_collector(folder, segment_seconds=0.1, max_event_age_days=60) as collector,
    ):
        feed(collector.url, Fleet(instances=320, days=58, seed=3, end=int(time.time())))
        for name, path in PAGES.items():
            take(browser, collector.url + path, "light", ROOT / f"docs/img/page-{name}.png", whole=True)
        # The documentation's first page follows the colour scheme of the reader's system.
        take(browser, collector.url, "dark", ROOT / "docs/img/page-overview-dark.png", whole=True)


def main() -> int:
    """0 where the pictures were taken; 1 where there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", default="http://127.0.0.1:8765", help="of the demo [%(default)s]")
    parser.add_argument("--pages", action="store_true", help="take every page, from a separate seeded collector")
    asked = parser.parse_args()
    chromium = find()
    if chromium is None:
        print("picture: there is no Chromium; `make browser` installs one", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        if asked.pages:
            of_every_page(browser)
        else:
            of_the_demo(browser, asked.address)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
