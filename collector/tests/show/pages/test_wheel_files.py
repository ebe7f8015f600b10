"""An installed collector has every file of the pages, without a build step or a download."""

import subprocess
import sys
import zipfile
from pathlib import Path

COLLECTOR = Path(__file__).resolve().parents[3]
SOURCE = COLLECTOR / "src"
UV = Path(sys.executable).parent / "uv"


def test_the_wheel_has_the_pages_their_scripts_and_the_charts_sql(tmp_path: Path) -> None:
    subprocess.run([UV, "build", "--wheel", "-q", "-o", tmp_path, COLLECTOR], check=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.getinfo(name).file_size for name in archive.namelist()}
    package = SOURCE / "footfall_collector"
    needed = [
        path
        for folder in (
            "show/pages/static",
            "show/pages/templates",
            "show/report/templates",
            "show/mcp/templates",
            "answer/sql",
        )
        for path in (package / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert len(needed) > 50
    for path in needed:
        assert packed.get(path.relative_to(SOURCE).as_posix()) == path.stat().st_size, path
