"""`footfall-collector`: the parser of all commands, and the exit codes."""

import argparse
import os
import sys
from collections.abc import Sequence

from ..runtime import ControlError, DataUnusableError, SettingsError, __version__, read_settings
from . import annotations, copies, deletion, doctor, keys_tokens, posthog, report, segments, serve, store
from .arguments import escape_unprintable_characters, parse, print_error

_EXAMPLE = """example:
  footfall-collector serve --data /var/lib/footfall
  footfall-collector report --data /var/lib/footfall
`footfall-collector COMMAND --help` has more of each command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    The exit code is 0, 1 where it could not be done, 2 for a wrong setting or argument, 130 after Ctrl-C.
    """
    _open_standard_streams()
    escape_unprintable_characters()
    try:
        try:
            options = parse(build_parser(), arguments)
        except SystemExit:  # after `--help`
            sys.stdout.flush()
            raise
        flags = {k: v for k, v in vars(options).items() if v is not None}
        # The doctor says also what is wrong with the settings.
        settings = read_settings(flags, os.environ) if options.run is not doctor.run else None
        code: int = options.run(options, flags if settings is None else settings)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has what it wants, as `| head` does.
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        print_error(f"{error.filename or 'the output'} can't be used ({error.strerror}); check the disk and its rights")
        return 1
    except SettingsError as error:
        print_error(str(error))
        return 2
    except (DataUnusableError, ControlError) as error:
        print_error(str(error))
        return 1
    except KeyboardInterrupt:
        # Nobody may be reading: writing the rest could wait forever.
        _drop_output()
        print_error("interrupted")
        return 130
    return code


def _open_standard_streams() -> None:
    """Streams that are closed, as `>&-` does, drop what is written; a file that is opened later must not become one."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is this one.
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - open until the end
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - open until the end


def _drop_output() -> None:
    """Python would write the rest at its end, and fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="footfall-collector",
        description="Footfall's collector and dashboard: PostHog's protocol in, charts out.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"footfall-collector {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for group in (serve, report, doctor, segments, annotations, keys_tokens, deletion, store, copies, posthog):
        group.add_commands(commands)
    return parser
