"""The release script, run in a copy of the repository, makes the expected artifacts and refuses bad preconditions."""

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.tests.once import once
from deploy.tests.working_copy import WorkingCopy, working_copy
from scripts.release.checked_packages import PackageError, check, compare
from scripts.release.packages import ROOT
from scripts.release.versions import VersionError, change, current

NEXT = "8.1.4"
GREEN = ("--checks", "true")
PACKAGES = {
    f"footfall-{NEXT}-py3-none-any.whl",
    f"footfall-{NEXT}.tar.gz",
    f"footfall_collector-{NEXT}-py3-none-any.whl",
    f"footfall_collector-{NEXT}.tar.gz",
}
BILLS = {"footfall.cdx.json", "footfall-collector.cdx.json"}
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    return working_copy(tmp_path / "copy")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> WorkingCopy:
    """A copy in which a release was made."""
    return WorkingCopy(once(tmp_path_factory, "released", _release))


def _release(place: Path) -> None:
    made = working_copy(place)
    (made.root / "changelog.d/tested.added.md").write_text("A sentence for the test.\n")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", "A change")
    done = made.release(*GREEN, NEXT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"git push --atomic origin HEAD v{NEXT}" in done.stdout


def test_a_release_is_one_commit_with_a_tag_and_leaves_the_copy_clean(released: WorkingCopy) -> None:
    assert released.git("log", "-1", "--format=%s").strip() == f"Release {NEXT}"
    assert released.git("rev-parse", f"v{NEXT}^{{commit}}") == released.git("rev-parse", "HEAD")
    assert released.git("status", "--porcelain") == ""


def test_every_place_has_the_version_and_so_has_what_is_generated(released: WorkingCopy) -> None:
    assert current(released.root) == NEXT
    assert json.loads(released.text("docs/openapi.json"))["info"]["version"] == NEXT
    for path in ("deploy/manifests/collector.yaml", "deploy/kustomize/collector/resources.yaml"):
        assert f"image: footfall/collector:{NEXT}\n" in released.text(path)
    before = current(ROOT)
    generated = ("docs", "deploy/manifests", "deploy/kustomize", "deploy/compose", "deploy/helm", "deploy/gitops")
    assert f"collector:{before}" not in released.git("grep", "-h", "footfall/collector:", "--", *generated)


def test_the_fragments_became_the_changelog(released: WorkingCopy) -> None:
    changes = released.text("CHANGELOG.md")
    assert f"## {NEXT} (" in changes
    assert "- A sentence for the test." in changes
    assert list((released.root / "changelog.d").glob("*.md")) == []


def test_packages_bills_of_materials_and_sums_are_there(released: WorkingCopy) -> None:
    dist = released.root / "dist"
    sums = {name: digest for digest, name in (line.split() for line in (dist / "SHA256SUMS").read_text().splitlines())}
    assert sums.keys() == PACKAGES | BILLS
    for name, digest in sums.items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest
    listed = {
        c["name"]: c["version"] for c in json.loads((dist / "footfall-collector.cdx.json").read_text())["components"]
    }
    assert listed["footfall"] == NEXT
    assert "duckdb" in listed
    client = json.loads((dist / "footfall.cdx.json").read_text())["components"]
    assert {c["name"] for c in client} == {"msgspec", "urllib3", "platformdirs"}


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(copy: WorkingCopy) -> None:
    before = copy.state()
    done = copy.release("--dry-run", "--checks", "false", NEXT)
    assert done.returncode == 0, done.stderr
    assert copy.state() == before
    for said in ("would run the checks: false", f"would write {NEXT} to", f"would tag v{NEXT}", f"## {NEXT} ("):
        assert said in done.stdout


def _unclean(copy: WorkingCopy) -> None:
    (copy.root / "new.txt").write_text("new")


def _no_fragment(copy: WorkingCopy) -> None:
    copy.git("rm", "--quiet", "changelog.d/*.md")
    copy.git("commit", "--quiet", "--message", "None")


def _misnamed(copy: WorkingCopy) -> None:
    (copy.root / "changelog.d/thing.news.md").write_text("News.\n")
    _commit(copy)


def _older(copy: WorkingCopy) -> None:
    change(copy.root, "9.0.0")
    _commit(copy)


def _tagged(copy: WorkingCopy) -> None:
    copy.git("tag", f"v{NEXT}")


def _different(copy: WorkingCopy) -> None:
    path = copy.root / "deploy/helm/collector/Chart.yaml"
    path.write_text(path.read_text().replace('appVersion: "', 'appVersion: "7'))
    _commit(copy)


def _old_packages(copy: WorkingCopy) -> None:
    (copy.root / "dist").mkdir()
    (copy.root / "dist/old.whl").write_text("")


def _commit(copy: WorkingCopy) -> None:
    copy.git("add", "--all")
    copy.git("commit", "--quiet", "--message", "A change")


def test_what_stands_against_a_release_is_named_and_nothing_is_changed(copy: WorkingCopy) -> None:
    begin = copy.git("rev-parse", "HEAD").strip()
    for spoil, said in (
        (_unclean, "not clean"),
        (_no_fragment, "nothing to release"),
        (_misnamed, "thing.news.md"),
        (_older, "does not come after 9.0.0"),
        (_tagged, f"the tag v{NEXT} exists"),
        (_different, "the places differ"),
        (_old_packages, "packages of before"),
    ):
        spoil(copy)
        before = copy.state()
        done = copy.release(*GREEN, NEXT)
        assert (done.returncode, copy.state()) == (1, before), done.stdout
        assert said in done.stderr
        copy.git("reset", "--quiet", "--hard", begin)
        copy.git("clean", "-qfdx")
        copy.git("tag", "--delete", *copy.git("tag").split()) if copy.git("tag") else None


def test_checks_that_fail_stop_it_before_anything_is_changed(copy: WorkingCopy) -> None:
    before = copy.state()
    done = copy.release("--checks", "false", NEXT)
    assert (done.returncode, copy.state()) == (1, before)
    assert "`false` failed" in done.stderr


def test_what_is_no_version_is_refused(copy: WorkingCopy) -> None:
    assert "write it as 1.2.3" in copy.release("--dry-run", "next").stderr


def test_the_help_has_an_example(copy: WorkingCopy) -> None:
    done = copy.release("--help")
    assert "example:\n  python scripts/release --dry-run" in done.stdout


@pytest.fixture
def registry() -> Iterator[tuple[str, list[bytes]]]:
    """An address that packages can be uploaded to, and the requests' bodies."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self._body())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _body(self) -> bytes:
            if "Content-Length" in self.headers:
                return self.rfile.read(int(self.headers["Content-Length"]))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/upload/", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_publishing_pushes_commit_and_tag_and_uploads_the_four_packages(
    released: WorkingCopy, registry: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    asked = released.release("--publish", NEXT)
    assert asked.returncode == 1
    assert "UV_PUBLISH_TOKEN" in asked.stderr
    origin = WorkingCopy(tmp_path / "origin")
    origin.root.mkdir()
    origin.git("init", "--quiet", "--bare", "--initial-branch=main")
    released.git("remote", "add", "origin", str(origin.root))
    address, bodies = registry
    done = released.release("--publish", NEXT, UV_PUBLISH_TOKEN="of-the-test", UV_PUBLISH_URL=address)
    assert done.returncode == 0, done.stderr
    assert (
        origin.git("rev-parse", f"v{NEXT}^{{commit}}", "main").split()
        == [released.git("rev-parse", "HEAD").strip()] * 2
    )
    assert len(bodies) == len(PACKAGES)
    assert {name for name in PACKAGES if any(f'filename="{name}"'.encode() in body for body in bodies)} == PACKAGES


def test_there_is_nothing_to_publish_before_a_release(copy: WorkingCopy) -> None:
    assert f"there is no tag v{NEXT}" in copy.release("--publish", NEXT, UV_PUBLISH_TOKEN="of-the-test").stderr


def test_builds_that_differ_and_packages_that_are_wrong_are_not_published(
    released: WorkingCopy, tmp_path: Path
) -> None:
    (wheel,) = (released.root / "dist").glob("footfall-*.whl")
    check(wheel, NEXT)
    with pytest.raises(PackageError, match=r"the release is 1\.0\.0"):
        check(wheel, "1.0.0")
    other = tmp_path / wheel.name
    other.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(PackageError, match=r"differ in footfall-.*\.whl"):
        compare([wheel], [other])
    spoilt = _with_another_file(wheel, tmp_path / "spoilt" / wheel.name)
    with pytest.raises(PackageError, match="RECORD"):
        check(spoilt, NEXT)


def _with_another_file(wheel: Path, target: Path) -> Path:
    target.parent.mkdir()
    target.write_bytes(wheel.read_bytes())
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("footfall/added.py", "")
    return target


def test_a_place_without_the_version_is_named(copy: WorkingCopy) -> None:
    (copy.root / "client/src/footfall/version.py").write_text("")
    with pytest.raises(VersionError, match=r"client/src/footfall/version\.py"):
        change(copy.root, NEXT)
