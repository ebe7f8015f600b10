"""Messages for each kind of webhook, and as plain text. What senders chose is code, escaped as each receiver needs it.

No word of a sender can mention anybody, be a link, or end its code span: the markup of sentences has no backtick within
a value, an @ is followed by a space of no width, and Discord is told to take nothing for a mention.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ...show.insight import plain_sentence, render_markup, replace_code
from ..message import Message

MAX_VALUE = 100
"""Characters of a sender's word in a message."""
_MARKDOWN = {"code": "`{}`", "strong": "**{}**", "bad": "**{}**", "good": "**{}**", "text": "{}"}
_SLACK = {"code": "`{}`", "strong": "*{}*", "bad": "*{}*", "good": "*{}*", "text": "{}"}
_SLACK_LIMIT, _MATTERMOST_LIMIT, _DISCORD_LIMIT = 3000, 3800, 1900
_NO_EMBEDS = 4
"""Discord's flag for a message whose links show no preview."""
_NO_WIDTH = "\u200b"


def generic_body(message: Message) -> dict[str, Any]:
    """Texts are plain; `report` is that of `/api/report`."""
    body = {
        "version": 1,
        "id": message.id,
        "kind": message.kind,
        "product": message.product,
        "rule": message.rule,
        "title": message.title,
        "text": plain_text(message),
        "numbers": dict(message.numbers),
        "at": message.moment,
    }
    return body if message.report is None else body | {"report": msgspec.to_builtins(message.report)}


def slack_body(message: Message) -> dict[str, Any]:
    text = _chat_text(message, _SLACK, _escape_slack, _SLACK_LIMIT)
    return {"text": text, "mrkdwn": True, "unfurl_links": False, "unfurl_media": False}


def mattermost_body(message: Message) -> dict[str, Any]:
    return {"text": _chat_text(message, _MARKDOWN, _break_mentions, _MATTERMOST_LIMIT)}


def discord_body(message: Message) -> dict[str, Any]:
    text = _chat_text(message, _MARKDOWN, _break_mentions, _DISCORD_LIMIT)
    return {"content": text, "allowed_mentions": {"parse": []}, "flags": _NO_EMBEDS}


BODIES: dict[str, Callable[[Message], dict[str, Any]]] = {
    "generic": generic_body,
    "slack": slack_body,
    "mattermost": mattermost_body,
    "discord": discord_body,
}


def plain_text(message: Message) -> str:
    """Paragraphs without markup, an empty line between them."""
    return "\n\n".join(plain_sentence(_shortened(each)) for each in message.paragraphs)


def _chat_text(message: Message, forms: dict[str, str], escape: Callable[[str], str], limit: int) -> str:
    """The title and as many whole paragraphs as fit."""
    text = render_markup(f"**{message.title}**", forms, escape)
    for paragraph in message.paragraphs:
        longer = f"{text}\n{render_markup(_shortened(paragraph), forms, escape)}"
        if len(longer) > limit:
            return f"{text}\n…"
        text = longer
    return text


def _shortened(sentence: str) -> str:
    return replace_code(sentence, lambda value: f"`{value if len(value) <= MAX_VALUE else f'{value[:MAX_VALUE]}…'}`")


def _break_mentions(text: str) -> str:
    return text.replace("@", f"@{_NO_WIDTH}")


def _escape_slack(text: str) -> str:
    return _break_mentions(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
