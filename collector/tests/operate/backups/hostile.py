"""Ways to make a backup hostile, each with a part of the sentence that refuses it."""

import hashlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

Harm = Callable[[Path], None]


def change_manifest(backup: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = backup / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


_TIMES = dict.fromkeys(("added", "ends"), "2026-11-01T00:00:00Z")
LINK = {"name": "a", "sha256": "0" * 64, "page": "tools", "query": "product=dot-ai"} | _TIMES


def add(backup: Path, name: str, content: bytes | None = None) -> None:
    """List a file in the manifest as it is, and write it first where a content is given."""
    path = backup / name
    if content is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    content = path.read_bytes()
    entry = {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def listed(manifest: dict[str, Any]) -> None:
        manifest["files"] = [file for file in manifest["files"] if file["path"] != name] + [entry]

    change_manifest(backup, listed)


def describe_size(backup: Path, name: str, size: int) -> None:
    def described(manifest: dict[str, Any]) -> None:
        next(file for file in manifest["files"] if file["path"] == name)["bytes"] = size

    change_manifest(backup, described)


def in_database(file: str, *statements: str) -> Harm:
    def harm(backup: Path) -> None:
        path = min((backup / "store").glob(file))
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"ATTACH '{path}' AS d")
            connection.execute("USE d")
            for statement in statements:
                connection.execute(statement)
        add(backup, path.relative_to(backup).as_posix())

    return harm


def code_and_settings(backup: Path) -> None:
    add(backup, "footfall.toml", b'[products.dot-ai]\ncatalogue = "evil.py"\n')
    add(backup, "evil.py", b"import pathlib; pathlib.Path('OWNED').write_text('x')\nEVENTS = ()\n")


def linked(make: Callable[[Path, Path], None]) -> Harm:
    def harm(backup: Path) -> None:
        path = backup / "keys.json"
        outside = backup.parent / "outside"
        path.rename(outside)
        make(outside, path)

    return harm


def linked_folder(backup: Path) -> None:
    (backup / "store").rename(backup.parent / "elsewhere")
    (backup / "store").symlink_to(backup.parent / "elsewhere")


def fifo(backup: Path) -> None:
    (backup / "keys.json").unlink()
    os.mkfifo(backup / "keys.json")


def unix_socket(backup: Path) -> None:
    (backup / "keys.json").unlink()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(backup / "keys.json"))


def device(backup: Path) -> None:
    (backup / "keys.json").unlink()
    (backup / "keys.json").symlink_to("/dev/zero")


def manifest_fifo(backup: Path) -> None:
    (backup / "manifest.json").unlink()
    os.mkfifo(backup / "manifest.json")


def huge(backup: Path) -> None:
    """A sparse file of a terabyte, which the manifest describes truly, but for its checksum."""
    path = min((backup / "store").glob("events-*.duckdb"))
    with path.open("r+b") as file:
        file.truncate(1 << 40)
    describe_size(backup, path.relative_to(backup).as_posix(), 1 << 40)


def too_large(name: str) -> Harm:
    def harm(backup: Path) -> None:
        with (backup / name).open("r+b") as file:
            file.truncate(1 << 34)
        describe_size(backup, name, 1 << 34)

    return harm


def large_manifest(backup: Path) -> None:
    with (backup / "manifest.json").open("r+b") as file:
        file.truncate(1 << 34)


def twice(backup: Path) -> None:
    change_manifest(backup, lambda m: m["files"].append(m["files"][0]))


def damaged_month(backup: Path) -> None:
    """A month whose blocks are damaged, as in a backup of a damaged disk: the checksums are of the damaged file."""
    path = min((backup / "store").glob("events-*.duckdb"))
    content = bytearray(path.read_bytes())
    for start in range(3 * 4096 + 64, len(content), 4096):
        content[start] ^= 0xFF
    path.write_bytes(content)
    add(backup, path.relative_to(backup).as_posix())


def published(content: dict[str, Any]) -> Harm:
    month = {"product": "dot-ai", "month": "2026-01", "instances": 20, "calls": 20, "groups": {}}
    return lambda backup: add(backup, "public/dot-ai/2026-01.json", json.dumps(month | content).encode())


def named(name: str) -> Harm:
    def harm(backup: Path) -> None:
        content = b"x"
        entry = {"path": name, "bytes": 1, "sha256": hashlib.sha256(content).hexdigest()}
        change_manifest(backup, lambda m: m["files"].append(entry))

    return harm


NAMES = {
    "upwards": "store/../../outside.duckdb",
    "absolute": "/tmp/owned",
    "own folder": "./keys.json",
    "double slash": "store//rollups.duckdb",
    "slash at the end": "keys.json/",
    "upper case": "KEYS.JSON",
    "another folder": "Store/rollups.duckdb",
    "space": "keys.json ",
    "line": "keys.json\n",
    "zero byte": "keys.json\0.py",
    "backslash": "store\\rollups.duckdb",
    "fullwidth digits": "store/events-\uff12026-11.duckdb",
    "no month": "store/events-2026-13.duckdb",
    "an exchange": "store/exchange.json",
    "a fresh file": "store/rollups.duckdb.new",
    "a lock": "lock",
    "a decided restore": "restore.complete/footfall.toml",
    "a page": "public/dot-ai/index.html",
    "a product upwards": "public/../2026-01.json",
    "a live segment": "journal/000000000001.open",
    "an empty name": "",
}
HARMS: dict[str, tuple[Harm, str]] = {
    "code": (code_and_settings, "a file that no backup has"),
    "symbolic link": (linked(lambda outside, path: path.symlink_to(outside)), "can't be read"),
    "hard link": (linked(lambda outside, path: path.hardlink_to(outside)), "hard links"),
    "linked folder": (linked_folder, "can't be read"),
    "FIFO": (fifo, "is no regular file"),
    "socket": (unix_socket, "can't be read"),
    "device": (device, "can't be read"),
    "FIFO as manifest": (manifest_fifo, "is no regular file"),
    "terabyte": (huge, "MiB free"),
    "large list of keys": (too_large("keys.json"), "too many"),
    "large manifest": (large_manifest, "too large"),
    "twice": (twice, "twice"),
    **{name: (named(path), "a file that no backup has") for name, path in NAMES.items()},
    "terminal": (named("\x1b[2Jkeys.json"), "a file that no backup has"),
    "view": (
        in_database("events-*", "DROP TABLE events", "CREATE VIEW events AS FROM read_csv('/etc/passwd')"),
        "has views",
    ),
    "macro": (in_database("rollups.*", "CREATE MACRO sum(x) AS 1"), "has functions"),
    "trigger": (
        in_database(
            "events-*", "CREATE TRIGGER t AFTER INSERT ON loaded FOR EACH STATEMENT INSERT INTO sent_days VALUES (1)"
        ),
        "has triggers",
    ),
    "generated column": (
        in_database("events-*", "CREATE TABLE more (a BIGINT, b BIGINT GENERATED ALWAYS AS (a + 1))"),
        "that no database of a collector has",
    ),
    "default": (
        in_database("events-*", "ALTER TABLE loaded ALTER COLUMN load SET DEFAULT random()"),
        "that no database of a collector has",
    ),
    "type": (in_database("events-*", "CREATE TYPE mood AS ENUM ('x')"), "has types"),
    "schema": (in_database("events-*", "CREATE SCHEMA more"), "has schemas"),
    "text as schema": (in_database("rollups.*", "UPDATE meta SET value = 'x' WHERE name = 'schema'"), "has no number"),
    "newer schema": (in_database("rollups.*", "UPDATE meta SET value = '99' WHERE name = 'schema'"), "newer version"),
    "segment elsewhere": (
        in_database("rollups.*", "INSERT INTO loads VALUES (99, '../../../etc/passwd', 1)"),
        "names a segment that no journal has",
    ),
    "another pepper in the store": (
        in_database("rollups.*", "UPDATE meta SET value = '0123456789abcdef' WHERE name = 'pepper'"),
        "another pepper",
    ),
    "columns of another type": (
        in_database("events-*", "ALTER TABLE events ALTER COLUMN tool TYPE DOUBLE USING 1"),
        "is unchanged",
    ),
    "damaged blocks": (damaged_month, "events-"),
    "no database": (
        lambda backup: add(backup, min((backup / "store").glob("e*")).relative_to(backup).as_posix(), b"x" * 9000),
        "is no database",
    ),
    "SQL in the list of forgotten": (
        lambda backup: add(backup, "forgotten.json", b'[{"mark": "x\') OR true --", "pending": true}]'),
        "forgotten.json is not what a collector writes",
    ),
    "terminal in a token's name": (
        lambda backup: add(backup, "tokens.json", b'{"tokens": [{"name": "\\u001b[2J", "sha256": "", "added": ""}]}'),
        "tokens.json is not what a collector writes",
    ),
    "terminal in a link's name": (
        lambda backup: add(
            backup,
            "links.json",
            json.dumps({"links": [LINK | {"name": "\x1b[2J"}]}).encode(),
        ),
        "links.json is not what a collector writes",
    ),
    "terminal in a segment's name": (
        lambda backup: add(
            backup, "segments.json", b'{"segments": [{"product": "dot-ai", "name": "\\u001b[2J", "where": []}]}'
        ),
        "segments.json is not what a collector writes",
    ),
    "hidden characters in an annotation": (
        lambda backup: add(
            backup,
            "annotations.json",
            b'{"annotations": [{"id": "0123456789ab", "at": "2026-11-20T00:00:00Z", "text": "\\u202e"}]}',
        ),
        "annotations.json is not what a collector writes",
    ),
    "deep JSON": (lambda backup: add(backup, "keys.json", b"[" * 100_000), "keys.json is not what a collector writes"),
    "another product published": (published({"product": "other"}), "is not what a collector writes"),
    "another dimension published": (published({"groups": {"tool": {"x": 20}}}), "is not what a collector writes"),
}
