"""The rules with their defaults, and what `alert_rules` changes of them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RuleOptions:
    """A rule's options.

    Attributes:
        title: what it finds, for a message.
        minimum: the smallest number that it speaks of; what is counted depends on the rule.
        quiet_hours: for so long after a message, a recurrence is not sent.
    """

    title: str
    minimum: int
    quiet_hours: int
    is_on: bool = True


DEFAULTS = {
    "regression": RuleOptions("A release got worse", 50, 720),
    "error-rate": RuleOptions("More errors than usual", 20, 24),
    "active-instances": RuleOptions("Active instances out of their usual range", 20, 72),
    "no-events": RuleOptions("No events", 12, 12),
    "refusals": RuleOptions("Events are refused", 100, 24),
    "disk": RuleOptions("The disk is nearly full", 0, 24),
    "new-error-class": RuleOptions("A new error class", 5, 720),
    "collector": RuleOptions("The collector needs attention", 0, 24),
}
"""Rule → options. `minimum` counts: calls of the tool; errors of the window; instances of a usual day; instances of the
same hour yesterday and a week ago; events refused in an hour; nothing; instances that met the class; nothing."""


def rule_options(changes: Sequence[str]) -> dict[str, RuleOptions]:
    """The options of each rule after changes such as `no-events:off` or `error-rate:50:12`."""
    options = dict(DEFAULTS)
    for text in changes:
        name, first, *rest = text.split(":")
        default = options[name]
        if first == "off":
            options[name] = RuleOptions(default.title, default.minimum, default.quiet_hours, is_on=False)
        else:
            quiet = int(rest[0]) if rest else default.quiet_hours
            options[name] = RuleOptions(default.title, int(first), quiet)
    return options
