"""The notice names commands that work in a user's shell, however the server was installed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pytest

from footfall import Product
from footfall.catalogue import (
    Amount,
    Event,
    ExtraProperties,
    Flag,
    Identifier,
    Property,
    Vocabulary,
    catalogue_for,
)
from footfall.settings import Settings
from footfall.settings.notice import first_run_notice, footfall_command

ROOT = Path(__file__).resolve().parents[3]
UV = Path(sys.executable).parent / "uv"
POST = Product("post", write_key="phc_key", host="http://127.0.0.1:9")
PROGRAM = """
import logging, sys
logging.basicConfig(format="%(message)s", stream=sys.stdout)
from footfall import Product, Telemetry
telemetry = Telemetry(Product("post", write_key="phc_key", host="http://127.0.0.1:9"))
telemetry.server_started()
telemetry.close()
"""
EMPTY = {"PATH": "/nonexistent"}


@pytest.mark.parametrize(
    ("environment", "environ", "command"),
    [
        ("/home/me/.cache/uv/archive-v0/H_IUG0g1E8", EMPTY, "uvx footfall"),
        ("/home/me/.cache/uv/environments-v2/toolkit-1a2b", EMPTY, "uvx footfall"),
        ("/home/me/.cache/uv/builds-v0/.tmpmktMm1", EMPTY, "uvx footfall"),
        ("/home/me/.local/share/uv/tools/toolkit", EMPTY, "uvx footfall"),
        ("C:\\Users\\me\\AppData\\Local\\uv\\cache\\archive-v0\\H_IU", EMPTY, "uvx footfall"),
        ("/big/cache/archive-v0/H_IU", {**EMPTY, "UV_CACHE_DIR": "/big/cache/"}, "uvx footfall"),
        ("/opt/tools/toolkit", {**EMPTY, "UV_TOOL_DIR": "/opt/tools"}, "uvx footfall"),
        ("/home/me/.local/share/pipx/.cache/1a2b3c", EMPTY, "pipx run footfall"),
        ("/home/me/.cache/pipx/1a2b3c", EMPTY, "pipx run footfall"),
        ("/home/me/.local/share/pipx/venvs/toolkit", EMPTY, "/opt/py/bin/python -m footfall"),
        ("/opt/py", EMPTY, "/opt/py/bin/python -m footfall"),
        ("/opt/py", {}, "/opt/py/bin/python -m footfall"),
        ("/srv/uv/archive-vault/env", EMPTY, "/opt/py/bin/python -m footfall"),
    ],
)
def test_a_command_for_every_kind_of_installation(environment: str, environ: Mapping[str, str], command: str) -> None:
    assert footfall_command(environ, environment=environment, interpreter="/opt/py/bin/python") == command


def test_on_the_path_the_command_is_the_program_itself(tmp_path: Path) -> None:
    program = tmp_path / "footfall"
    program.touch(mode=0o755)
    environ = {"PATH": str(tmp_path)}
    arguments = {"environment": "/opt/py", "interpreter": str(tmp_path / "python")}
    assert footfall_command(environ, **arguments) == "footfall"
    # `uv run` puts it on the path of its child only.
    assert footfall_command({**environ, "UV": "/bin/uv"}, **arguments) == f"{tmp_path}/python -m footfall"


def test_a_path_with_spaces_is_quoted() -> None:
    command = footfall_command(EMPTY, environment="/opt/py", interpreter="/opt/my py/bin/python")
    assert command == '"/opt/my py/bin/python" -m footfall'


def test_where_nothing_lasts_the_notice_says_when_it_sends_and_names_the_variable_alone(tmp_path: Path) -> None:
    settings = Settings.read(POST, {"POST_TELEMETRY_STATE_DIR": str(tmp_path)})
    lasting = first_run_notice(POST, settings, environ=EMPTY)
    assert "Nothing is sent in the first 10 minutes. They go to" in lasting
    assert " off --product post`" in lasting
    passing = first_run_notice(POST, settings, lasting=False, environ=EMPTY)
    assert "Nothing is sent in the first 10 minutes, or until the process ends if that is sooner" in passing
    assert "Turn it off: POST_TELEMETRY=false; nothing else lasts here\n" in passing
    assert "off --product" not in passing


class LetterSent(Event, frozen=True, tag="letter_sent"):
    meaning = "A letter was sent."

    size: Annotated[str, Property(Vocabulary("size", ("small",)), "Its size", "Order envelopes", "next")]
    weight: Annotated[float, Property(Amount("grams", 5000), "Its weight", "Order stamps", "next")]
    region: Annotated[
        str, Property(Identifier(), "Its region", "Plan tours", "next", retired="2.0", required=False)
    ] = ""


class LetterLost(Event, frozen=True, tag="letter_lost"):
    meaning = "A letter was lost."


class Paid(ExtraProperties, frozen=True, tag="tool_executed"):
    paid: Annotated[bool, Property(Flag(), "Whether it is paid for", "Know what is worth it", "next")]


def notice_of(*events: type[Event]) -> str:
    settings = Settings.read(POST, {"POST_TELEMETRY_STATE_DIR": "/nonexistent"})
    return first_run_notice(POST, settings, catalogue=catalogue_for("post", events=events), environ=EMPTY)


def test_the_notice_names_the_products_own_events_and_promises_for_them_what_their_kinds_keep() -> None:
    assert "Never arguments, results, error messages" in notice_of()
    assert "| log --product" in notice_of()
    own = notice_of(LetterSent, LetterLost)
    assert "Also events of its own, with words of fixed lists, rounded numbers, but no free text: letter_sent, " in own
    assert "letter_lost. Apart from what these say, never arguments, results" in own
    assert "Never arguments" not in own
    assert "| log | dictionary --product post" in own
    assert "Also events of its own, without any property: letter_lost. Apart" in notice_of(LetterLost)
    assert "Also properties of its own, with yes or no, but no free text: tool_executed.paid. Apart" in notice_of(Paid)
    assert "Also events and properties of its own, with yes or no" in notice_of(Paid, LetterLost)


def test_a_start_with_own_events_logs_them(tmp_path: Path) -> None:
    program = Path(__file__).parents[1] / "cli" / "programs" / "host.py"
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "KUBECONFIG": os.devnull}
    environment["POST_POSTHOG_HOST"] = "http://127.0.0.1:9"
    command = [sys.executable, str(program), "post", "0"]
    done = subprocess.run(command, env=environment, input="", capture_output=True, text=True, check=True)
    assert "no free text: letter_sent, letter_lost. Apart from what these say, never arguments" in done.stderr


def test_a_release_that_adds_events_gives_the_notice_again_without_the_first_minutes(tmp_path: Path) -> None:
    program = str(Path(__file__).parents[1] / "cli" / "programs" / "host.py")
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "KUBECONFIG": os.devnull}
    environment["POST_POSTHOG_HOST"] = "http://127.0.0.1:9"
    notices = []
    for command in (["-c", PROGRAM], [program, "post", "0"], ["-c", PROGRAM], [program, "post", "0"]):
        run = [sys.executable, *command]
        done = subprocess.run(run, env=environment, input="", capture_output=True, text=True, check=True)
        notices.append(done.stdout + done.stderr)
    first, added, *later = notices
    assert "Never arguments" in first
    assert "in the first 10 minutes" in first
    assert "letter_sent, letter_lost. Apart from what these say, never" in added
    assert "in the first 10 minutes" not in added
    assert [notice.count("collects usage analytics") for notice in later] == [0, 0]


def shell(command: str, home: Path) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    return subprocess.run(command, shell=True, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_command_of_the_notice_works_in_a_shell_without_the_environment(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "KUBECONFIG": os.devnull}
    command = [sys.executable, "-c", PROGRAM]
    notice = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    off = notice.partition(", or `")[2].partition("`")[0]
    assert off == f"{sys.executable} -m footfall off --product post"
    assert shell(off, tmp_path).startswith("post telemetry is off")
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert again == ""
    assert shell(off.replace(" off ", " status "), tmp_path).startswith("product ")


def test_under_uvx_the_notice_names_uvx(tmp_path: Path) -> None:
    subprocess.run([UV, "build", "--wheel", "-q", "-o", tmp_path / "dist", ROOT / "client"], check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CI"))}
    environment = {**kept, "HOME": str(home), "KUBECONFIG": os.devnull}
    run = [str(UV), "tool", "run", "-q", "-p", sys.executable, "--from", str(wheel)]
    command = [*run, "python", "-c", PROGRAM]
    notice = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "`uvx footfall off --product post`" in notice
    # `uvx footfall` is this; the wheel stands for the one of the package index.
    off = [*run, "footfall", "off", "--product", "post"]
    done = subprocess.run(off, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("post telemetry is off")
    begin = [*run, "footfall", "init", "--product", "post", "--directory", str(tmp_path / "new")]
    begun = subprocess.run(begin, env=environment, capture_output=True, text=True, check=True).stdout
    catalogue = tmp_path / "new" / "post_events.py"
    assert f"uvx footfall guide --product post --catalogue {catalogue}" in begun
    shown = [*run, "footfall", "guide", "--product", "post", "--catalogue", str(catalogue)]
    assert "`report_made`" in subprocess.run(shown, env=environment, capture_output=True, text=True, check=True).stdout
