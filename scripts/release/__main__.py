"""Makes a release of everything: changelog, version, packages, bills of materials, commit and tag.

A release is made on a clean working copy, and changes nothing before all checks are green. It ends with a commit, a
tag and the files in `dist`; nothing leaves the machine unless --publish is given.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # a folder run as a program knows only itself

from scripts.release.checked_packages import PackageError  # noqa: E402 - the line above makes it importable
from scripts.release.steps import Release, ReleaseError, publish, steps  # noqa: E402
from scripts.release.versions import VersionError  # noqa: E402

EXAMPLE = """example:
  python scripts/release --dry-run 0.2.0           what it would do
  python scripts/release 0.2.0                     do it, with every suite first (40 minutes)
  python scripts/release --checks "make check" 0.2.0
                                                   where CI was green for this very commit
  UV_PUBLISH_TOKEN=… python scripts/release --publish 0.2.0
                                                   push a release that was made, and upload its packages
"""


def parser() -> argparse.ArgumentParser:
    """The command line's parser."""
    made = argparse.ArgumentParser(
        prog="python scripts/release",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("version", help="the version to release, as 1.2.3")
    made.add_argument("--dry-run", action="store_true", help="change nothing; print what would be done")
    made.add_argument(
        "--checks", default="make test-all", metavar="COMMAND", help="what has to be green before [make test-all]"
    )
    made.add_argument(
        "--publish", action="store_true", help="push the tag and upload what a release made before left in dist"
    )
    return made


def main(arguments: list[str]) -> int:
    """Make the release; returns 1 if a check prevents it, with a message that says why."""
    chosen = parser().parse_args(arguments)
    release = Release(ROOT, chosen.version, chosen.checks)
    try:
        for step in publish(release) if chosen.publish else steps(release):
            print(f"{'would ' if chosen.dry_run and step.changes else ''}{step.says}", flush=True)
            if not (chosen.dry_run and step.changes):
                step.do()
    except (ReleaseError, VersionError, PackageError) as error:
        print(f"no release: {error}", file=sys.stderr)
        return 1
    if chosen.dry_run:
        print("this was a dry run: nothing was changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
