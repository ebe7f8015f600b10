"""`footfall-collector keys` and `tokens`: through the running collector, which then knows at once, or on the file.

Both lists are files that whoever changes them replaces whole, under a lock.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from ..runtime import NotRunningError, Settings, ask
from .arguments import days

_KEYS_EXAMPLE = """example:
  footfall-collector keys add --data /var/lib/footfall --product dot-ai phc_yourproductspublickey
  footfall-collector keys rotate --data /var/lib/footfall phc_theoldone phc_thenewone
  footfall-collector keys list --data /var/lib/footfall
A product's public key is in its releases. With that key added here, an organisation that runs the product sets
DOT_AI_POSTHOG_HOST to this collector and nothing else."""
_TOKENS_EXAMPLE = """example:
  footfall-collector tokens add --data /var/lib/footfall grafana
  curl -H 'Authorization: Bearer fft_…' http://127.0.0.1:8765/api/charts/tool-usage
The token is shown once and kept as a hash. It reads what the sign-in secret reads, and can be revoked alone."""

_AddCommand = Callable[[Any, str, str, str], argparse.ArgumentParser]


def add_access_commands(commands: Any, command: _AddCommand) -> None:
    """Add `keys` and `tokens` to the command line; `command` makes one with the options that all have."""
    keys = commands.add_parser("keys", help="the write keys that senders may use").add_subparsers(
        metavar="ACTION", required=True
    )
    add = command(keys, "add", "take a write key (a new one where none is given)", _KEYS_EXAMPLE)
    add.add_argument("key", nargs="?", help="the product's public key, such as phc_…")
    add.add_argument("--product", help="the product that the key stands for; needed where there are several")
    add.set_defaults(run=_keys_add)
    rotate = command(keys, "rotate", "take a new key in place of another, and both for a while", _KEYS_EXAMPLE)
    rotate.add_argument("old", help="the key that is to go")
    rotate.add_argument("new", nargs="?", help="the key in its place (a new one where none is given)")
    rotate.add_argument("--days", type=days, default=30, help="the old one is taken for so many days more [30]")
    rotate.set_defaults(run=_keys_rotate)
    command(keys, "list", "show all keys", _KEYS_EXAMPLE).set_defaults(run=_keys_list)
    revoke = command(keys, "revoke", "stop taking a key", _KEYS_EXAMPLE)
    revoke.add_argument("key", help="the key to revoke")
    revoke.set_defaults(run=_keys_revoke)
    tokens = commands.add_parser("tokens", help="the bearer tokens of programs that read").add_subparsers(
        metavar="ACTION", required=True
    )
    add = command(tokens, "add", "make a token and show it once", _TOKENS_EXAMPLE)
    add.add_argument("name", help="what it is for, such as grafana")
    add.set_defaults(run=_tokens_add)
    command(tokens, "list", "show all tokens by name", _TOKENS_EXAMPLE).set_defaults(run=_tokens_list)
    revoke = command(tokens, "revoke", "stop taking a token", _TOKENS_EXAMPLE)
    revoke.add_argument("name", help="the name of the token")
    revoke.set_defaults(run=_tokens_revoke)


def _asked(settings: Settings, command: str, /, **arguments: str | int | None) -> Any:
    """The result of a command: by the running collector, else here. Raises ControlError."""
    try:
        return ask(settings.data, command, arguments)
    except NotRunningError:
        pass
    # Late: asking the running collector should not pay for the server's parts.
    from ..access.commands import access_commands, done
    from ..access.tokens import Tokens
    from ..receive.write_keys import WriteKeys

    done(lambda: settings.data.mkdir(mode=0o700, parents=True, exist_ok=True))
    commands = done(lambda: access_commands(settings, WriteKeys(settings.data), Tokens(settings.data)))
    return commands[command](**arguments)


def _line(key: Mapping[str, Any]) -> str:
    return f"{key['key']}  {key['product']}  added {key['added']}" + (
        f"  taken until {key['revoked']}" if key["revoked"] else ""
    )


def _keys_add(options: argparse.Namespace, settings: Settings) -> int:
    added = _asked(settings, "keys_add", product=options.product, key=options.key)
    print(f"{added['key']}  {added['product']}  takes events from now on")
    return 0


def _keys_rotate(options: argparse.Namespace, settings: Settings) -> int:
    found = _asked(settings, "keys_rotate", old=options.old, new=options.new, days=options.days)
    old, new = found["old"], found["new"]
    print(f"{new['key']}  {new['product']}  takes events from now on")
    print(f"{old['key']}  {old['product']}  takes events until {old['revoked']}")
    return 0


def _keys_list(options: argparse.Namespace, settings: Settings) -> int:
    del options
    keys = _asked(settings, "keys_list")
    for key in keys:
        print(_line(key))
    if not keys:
        print("no keys yet; on loopback the first one that comes is taken, elsewhere use `footfall-collector keys add`")
    return 0


def _keys_revoke(options: argparse.Namespace, settings: Settings) -> int:
    revoked = _asked(settings, "keys_revoke", key=options.key)
    print(f"{revoked['key']}  {revoked['product']}  is refused from now on")
    return 0


def _tokens_add(options: argparse.Namespace, settings: Settings) -> int:
    print(_asked(settings, "tokens_add", name=options.name))
    return 0


def _tokens_list(options: argparse.Namespace, settings: Settings) -> int:
    del options
    tokens = _asked(settings, "tokens_list")
    for token in tokens:
        print(f"{token['name']}  added {token['added']}")
    if not tokens:
        print("no tokens yet; `footfall-collector tokens add NAME` makes one")
    return 0


def _tokens_revoke(options: argparse.Namespace, settings: Settings) -> int:
    _asked(settings, "tokens_revoke", name=options.name)
    print(f"{options.name}  is refused from now on")
    return 0
