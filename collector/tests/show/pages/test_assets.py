"""The static files of the pages."""

import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from footfall_collector.show.pages.assets import ROOT, Assets

TEXT = (".js", ".ts", ".css", ".svg", ".html")


SOURCES = Path(__file__).resolve().parents[3] / "frontend" / "src"


def own_files() -> list[Path]:
    folders = (ROOT, ROOT.parent / "templates", SOURCES)
    return [path for root in folders for path in root.rglob("*") if path.suffix in TEXT and "vendor" not in path.parts]


def client(assets: Assets) -> TestClient:
    return TestClient(Starlette(routes=[Route("/static/{version}/{path:path}", assets.serve)]))


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
        http.headers["accept-encoding"] = "gzip, deflate, br"
        found = http.get(f"{assets.base}/app.js")
        assert found.status_code == 200
        assert "immutable" in found.headers["cache-control"]
        assert found.headers["content-encoding"] == "br"
        assert found.content == (ROOT / "app.js").read_bytes()
        zipped = http.get(f"{assets.base}/app.js", headers={"accept-encoding": "gzip, deflate"})
        assert (zipped.headers["content-encoding"], zipped.content) == ("gzip", found.content)
        plain = http.get(f"{assets.base}/app.js", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == found.content
        assert http.get("/static/000000000000/app.js").status_code == 404


def test_nothing_outside_the_folder_is_served() -> None:
    assets = Assets()
    with client(assets) as http:
        for path in ("../assets.py", "..%2fassets.py", "%2e%2e/assets.py", "/etc/passwd", "css/../../assets.py", ""):
            assert http.get(f"{assets.base}/{path}").status_code == 404
