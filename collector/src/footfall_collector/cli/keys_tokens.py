"""`keys`, `tokens` and `links`: through the running collector, or on the files while none runs."""

import argparse
import sys
from collections.abc import Mapping
from getpass import getpass
from typing import TYPE_CHECKING, Any

from ..runtime import Command, CommandArgument, ControlError, NotRunningError, Settings, send_command
from .arguments import add_command, add_group, days, utf8_text

if TYPE_CHECKING:
    from .arguments import Commands

_KEYS_EXAMPLE = """example:
  footfall-collector keys add --data /var/lib/footfall --product dot-ai phc_yourproductspublickey
  footfall-collector keys rotate --data /var/lib/footfall phc_theoldone phc_thenewone
  footfall-collector keys list --data /var/lib/footfall
  footfall-collector keys revoke --data /var/lib/footfall phc_theoldone
  footfall-collector keys restore --data /var/lib/footfall phc_theoldone
A product's public key is in its releases. With that key added here, an organisation that runs the product sets
DOT_AI_POSTHOG_HOST to this collector and nothing else."""
_TOKENS_EXAMPLE = """example:
  footfall-collector tokens add --data /var/lib/footfall grafana
  footfall-collector tokens add --data /var/lib/footfall --scope metrics --days 365 prometheus
  curl -H 'Authorization: Bearer fft_…' http://127.0.0.1:8765/api/charts/tool-usage
  footfall-collector tokens list --data /var/lib/footfall
  footfall-collector tokens revoke --data /var/lib/footfall grafana
The token is shown once and kept as a hash. It can be revoked alone. Without options it reads what the sign-in secret
reads; the page /access shows all tokens to who signs in."""

_LINKS_EXAMPLE = """example:
  footfall-collector links add --data /var/lib/footfall --page tools board-meeting
  footfall-collector links add --data /var/lib/footfall --page errors --days 30 \\
    --query 'range=90d&tool=query' support
  footfall-collector links list --data /var/lib/footfall
  footfall-collector links revoke --data /var/lib/footfall board-meeting
Who has the link reads this page of one product under these conditions, without a sign-in and until its end. The link is
shown once, as a path below the collector's address. The menu Saved of a page makes one too."""


def add_commands(commands: "Commands") -> None:
    keys = add_group(commands, "keys", "the write keys that senders may use", _KEYS_EXAMPLE)
    add = add_command(keys, "add", "accept a write key (a new one where none is given)", _KEYS_EXAMPLE)
    add.add_argument("key", nargs="?", help="the product's public key, such as phc_…")
    add.add_argument("--product", help="the product of the key; needed where there are several")
    add.set_defaults(run=_keys_add)
    rotate = add_command(keys, "rotate", "replace a key by a new one, and accept both for a time", _KEYS_EXAMPLE)
    rotate.add_argument("old", help="the key to replace")
    rotate.add_argument("new", nargs="?", help="the key in its place (a new one where none is given)")
    rotate.add_argument("--days", type=days, default=30, help="days for which the old key is still accepted [30]")
    rotate.set_defaults(run=_keys_rotate)
    add_command(keys, "list", "show all keys", _KEYS_EXAMPLE).set_defaults(run=_keys_list)
    revoke = add_command(keys, "revoke", "refuse a key from now on", _KEYS_EXAMPLE)
    revoke.add_argument("key", help="the key to revoke")
    revoke.set_defaults(run=_keys_revoke)
    restore = add_command(keys, "restore", "accept a revoked or rotated key again", _KEYS_EXAMPLE)
    restore.add_argument("key", help="the key to accept again")
    restore.set_defaults(run=_keys_restore)
    tokens = add_group(commands, "tokens", "the bearer tokens of programs that read", _TOKENS_EXAMPLE)
    add = add_command(tokens, "add", "make a token and show it once", _TOKENS_EXAMPLE)
    add.add_argument("name", type=utf8_text, help="what it is for, such as grafana")
    add.add_argument(
        "--scope",
        default="read",
        help="`read` for all that a signed-in reader sees, `metrics` for /metrics only, `ingest-admin` to change write "
        "keys and annotations and nothing else [read]",
    )
    add.add_argument("--product", help="the only product that it reads or changes, below /api [all products]")
    add.add_argument("--days", type=days, default=0, help="days after which it ends; 0 for never [0]")
    add.set_defaults(run=_tokens_add)
    add_command(tokens, "list", "show all tokens by name", _TOKENS_EXAMPLE).set_defaults(run=_tokens_list)
    revoke = add_command(tokens, "revoke", "refuse a token from now on", _TOKENS_EXAMPLE)
    revoke.add_argument("name", type=utf8_text, help="the name of the token")
    revoke.set_defaults(run=_tokens_revoke)
    _add_link_commands(commands)


def _add_link_commands(commands: "Commands") -> None:
    links = add_group(commands, "links", "read-only links to one page", _LINKS_EXAMPLE)
    add = add_command(links, "add", "make a link and show it once", _LINKS_EXAMPLE)
    add.add_argument("name", type=utf8_text, help="by which it is listed and revoked, such as board-meeting")
    add.add_argument("--page", required=True, help="the page, such as overview, tools or errors")
    add.add_argument("--product", help="the product; needed where there are several")
    add.add_argument(
        "--panel",
        type=utf8_text,
        default="",
        help="the panel to show in a frame of a site in embed_origins [whole page]",
    )
    add.add_argument(
        "--query",
        type=utf8_text,
        default="",
        help="filters and period, as in the page's address after the question mark",
    )
    add.add_argument("--days", type=days, default=7, help="days after which it ends, at most 365 [7]")
    add.add_argument(
        "--password", action="store_true", help="ask for a password that readers enter first; a line of the input"
    )
    add.set_defaults(run=_links_add)
    add_command(links, "list", "show all links by name", _LINKS_EXAMPLE).set_defaults(run=_links_list)
    revoke = add_command(links, "revoke", "refuse a link from now on", _LINKS_EXAMPLE)
    revoke.add_argument("name", type=utf8_text, help="the name of the link")
    revoke.set_defaults(run=_links_revoke)


def _run(settings: Settings, command: str, /, **arguments: CommandArgument) -> Any:
    """The result of a command, by the running collector or on the files. Raises ControlError."""
    try:
        return send_command(settings.data, command, arguments)
    except NotRunningError:
        pass
    # Late: a command that the running collector carries out should not pay for this.
    from ..access import AuditLog, Tokens, audited, control_errors, key_and_token_commands
    from ..receive import WriteKeys

    with control_errors():
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if command.startswith("links_"):
            commands = _link_commands(settings)
        else:
            commands = key_and_token_commands(settings, WriteKeys(settings.data), Tokens(settings.data))
    return audited(commands, AuditLog(settings.data))[command](**arguments)


def _keys_add(options: argparse.Namespace, settings: Settings) -> int:
    added = _run(settings, "keys_add", product=options.product, key=options.key)
    print(f"{added['key']}  {added['product']}  takes events from now on")
    return 0


def _keys_rotate(options: argparse.Namespace, settings: Settings) -> int:
    keys = _run(settings, "keys_rotate", old=options.old, new=options.new, days=options.days)
    old, new = keys["old"], keys["new"]
    print(f"{new['key']}  {new['product']}  takes events from now on")
    print(f"{old['key']}  {old['product']}  takes events until {old['revoked']}")
    return 0


def _keys_list(options: argparse.Namespace, settings: Settings) -> int:
    del options
    keys = _run(settings, "keys_list")
    for key in keys:
        print(_line(key))
    if not keys:
        print("no keys yet; on loopback the first one that comes is taken, elsewhere use `footfall-collector keys add`")
    return 0


def _line(key: Mapping[str, Any]) -> str:
    state = key["state"]
    if state == "rotated":
        successor = f" to {key['successor']}" if key["successor"] else ""
        state = f"rotated{successor}, {'taken until' if key['accepted'] else 'refused since'} {key['revoked']}"
    elif state == "revoked":
        state = f"revoked, refused since {key['revoked']}"
    return f"{key['key']}  {key['product']}  {state}  added {key['added']}"


def _keys_revoke(options: argparse.Namespace, settings: Settings) -> int:
    revoked = _run(settings, "keys_revoke", key=options.key)
    print(f"{revoked['key']}  {revoked['product']}  is refused from now on; `keys restore` gives it back")
    return 0


def _keys_restore(options: argparse.Namespace, settings: Settings) -> int:
    restored = _run(settings, "keys_restore", key=options.key)
    print(f"{restored['key']}  {restored['product']}  takes events again from now on")
    return 0


def _tokens_add(options: argparse.Namespace, settings: Settings) -> int:
    print(
        _run(settings, "tokens_add", name=options.name, scope=options.scope, product=options.product, days=options.days)
    )
    return 0


def _tokens_list(options: argparse.Namespace, settings: Settings) -> int:
    del options
    tokens = _run(settings, "tokens_list")
    for token in tokens:
        print(f"{token['name']}  {_rights(token)}  added {token['added']}  ends {token['ends'] or 'never'}")
    if not tokens:
        print("no tokens yet; `footfall-collector tokens add NAME` makes one")
    return 0


def _rights(token: Mapping[str, Any]) -> str:
    product = token["product"]
    if token["scope"] == "ingest-admin":
        return f"changes write keys and annotations of {product or 'all products'}"
    return f"reads {'metrics' if token['scope'] == 'metrics' else product or 'everything'}"


def _tokens_revoke(options: argparse.Namespace, settings: Settings) -> int:
    _run(settings, "tokens_revoke", name=options.name)
    print(f"{options.name}  is refused from now on")
    return 0


def _link_commands(settings: Settings) -> Mapping[str, Command]:
    from ..access.links import LinksError, ReadLinks
    from ..admit import load_catalogues
    from ..answer import SavedSegments
    from ..show.api import link_commands

    try:
        links = ReadLinks(settings.data)
    except LinksError as error:
        raise ControlError(str(error)) from None
    return link_commands(links, SavedSegments(settings.data), load_catalogues(settings.products), settings)


def _links_add(options: argparse.Namespace, settings: Settings) -> int:
    made = _run(
        settings,
        "links_add",
        name=options.name,
        page=options.page,
        product=options.product,
        panel=options.panel,
        query=options.query,
        days=options.days,
        password=_asked_password() if options.password else "",
    )
    print(f"{made['path']}  ends {made['ends']}")
    return 0


def _asked_password() -> str:
    """A password from the terminal, unseen, or the first line of the input: other users can see arguments."""
    return getpass("Password of the link: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _links_list(options: argparse.Namespace, settings: Settings) -> int:
    del options
    links = _run(settings, "links_list")
    for link in links:
        end = f"{'ended' if link['ended'] else 'ends'} {link['ends']}"
        page = " ".join(filter(None, (link["page"], link["panel"]))) + (
            ", with a password" if link["protected"] else ""
        )
        print(f"{link['name']}  shows {page}  {link['query']}  added {link['added']}  {end}")
    if not links:
        print("no links yet; `footfall-collector links add --page PAGE NAME` makes one")
    return 0


def _links_revoke(options: argparse.Namespace, settings: Settings) -> int:
    _run(settings, "links_revoke", name=options.name)
    print(f"{options.name}  is refused from now on")
    return 0
