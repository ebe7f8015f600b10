"""The static files of the pages."""

import hashlib
import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from footfall_collector.show.pages.assets import ROOT, Assets

TEXT = (".js", ".css", ".svg", ".html")


def own_files() -> list[Path]:
    folders = (ROOT, ROOT.parent / "templates")
    return [path for root in folders for path in root.rglob("*") if path.suffix in TEXT and "vendor" not in path.parts]


def client(assets: Assets) -> TestClient:
    return TestClient(Starlette(routes=[Route("/static/{version}/{path:path}", assets.serve)]))


def test_the_vendored_library_is_the_published_file() -> None:
    table = (ROOT / "vendor" / "README.md").read_text("utf-8")
    rows = re.findall(r"`(echarts/\S+)` \| `([0-9a-f]{64})`", table)
    assert rows
    for name, checksum in rows:
        assert hashlib.sha256((ROOT / "vendor" / name).read_bytes()).hexdigest() == checksum


def test_own_files_have_no_other_origin_and_no_inline_code() -> None:
    namespace = "http://www.w3.org/2000/svg"
    for path in own_files():
        text = path.read_text("utf-8").replace(namespace, "")
        assert not re.search(r"""(?:https?:)?//[a-z0-9-]+\.[a-z]""", text), path
        assert not re.search(r"\bon[a-z]+\s*=\s*[\"']", text), path
        assert not re.search(r"<[^>]*\sstyle\s*=", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path


def test_a_file_is_immutable_under_an_address_that_changes_with_the_content() -> None:
    assets = Assets()
    with client(assets) as http:
        found = http.get(f"{assets.base}/js/main.js")
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["content-encoding"] == "gzip"
        assert found.content == (ROOT / "js" / "main.js").read_bytes()
        plain = http.get(f"{assets.base}/js/main.js", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == found.content
        assert http.get("/static/000000000000/js/main.js").status_code == 404


def test_nothing_outside_the_folder_is_served() -> None:
    assets = Assets()
    with client(assets) as http:
        for path in ("../assets.py", "..%2fassets.py", "%2e%2e/assets.py", "/etc/passwd", "js/../../assets.py", ""):
            assert http.get(f"{assets.base}/{path}").status_code == 404
