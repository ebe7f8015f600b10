"""The rules: each finds what it is for, and says nothing of small numbers, few days and usual ones."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from footfall_collector.alerts.observations import (
    CollectorNumbers,
    DayNumbers,
    ErrorClass,
    HourCount,
    ProductNumbers,
    Refusals,
    RefusalWindow,
)
from footfall_collector.alerts.rule_options import rule_options
from footfall_collector.alerts.rules import AlertFinding, judge_collector, judge_product
from footfall_collector.runtime import ALARMS, ALERT_RULES, Status
from footfall_collector.show.insight import Regression

DAY, HOUR = 86_400, 3600
TODAY = 20_000
NOW = TODAY * DAY + 14 * HOUR
OPTIONS = rule_options(())


def weekly(day: int) -> int:
    """A number of instances that is lower on two days of the week, and scatters a little."""
    return (60 if day % 7 in (2, 3) else 100) + day * 7 % 5


def usual_days(count: int = 56) -> list[DayNumbers]:
    return [DayNumbers(day, 1000, 20 + day % 3, weekly(day)) for day in range(TODAY - count, TODAY)]


QUIET = ProductNumbers(
    product="dot-ai",
    now=NOW,
    hours=[HourCount(NOW - hour * HOUR, 40, 1) for hour in range(23, -1, -1)],
    days=usual_days(),
    today=40,
    last_hour=90,
    usual_hour=(30, 30),
    classes=[ErrorClass("query", "TimeoutError", 20, 9)],
    known_classes=frozenset({("query", "TimeoutError")}),
    known_tools=frozenset({"query"}),
    regressions=[],
)


def rules_of(numbers: ProductNumbers, *changes: str, open_rules: Sequence[str] = (), uptime: float = DAY) -> list[str]:
    return [each.rule for each in judge_product(numbers, rule_options(changes), open_rules, uptime)]


def found(numbers: ProductNumbers, *changes: str) -> AlertFinding:
    [finding] = judge_product(numbers, rule_options(changes), (), DAY)
    return finding


def regression(calls: int = 500, tool: str = "query") -> Regression:
    return Regression("errors", "2.1.0", tool, "2.0.0", 0.2, 0.05, 0.1, 0.2, calls, "fails in 20 % of 500 calls")


def test_every_rule_of_the_settings_has_options() -> None:
    assert tuple(OPTIONS) == ALERT_RULES


def test_a_usual_day_is_quiet() -> None:
    assert rules_of(QUIET) == []


def test_a_regression_is_one_finding_for_its_version_with_the_interval() -> None:
    finding = found(replace(QUIET, regressions=[regression(), regression(tool="deploy")]))
    assert (finding.rule, finding.subject) == ("regression", "2.1.0")
    assert finding.sentence.startswith("In `2.1.0`, `query` fails in 20 % of 500 calls. In `2.1.0`, `deploy` fails")
    assert (finding.numbers["low"], finding.numbers["high"]) == (0.1, 0.2)
    assert rules_of(replace(QUIET, regressions=[regression(calls=49)])) == []
    assert rules_of(replace(QUIET, regressions=[regression(25), regression(25, "deploy")])) == ["regression"]
    assert rules_of(replace(QUIET, regressions=[regression(25), regression(25)])) == [], "the same calls twice"
    assert rules_of(replace(QUIET, regressions=[regression(calls=49)]), "regression:40") == ["regression"]


def with_errors(errors: int, hours: int) -> ProductNumbers:
    late = [replace(each, errors=errors) if NOW - each.begin < hours * HOUR else each for each in QUIET.hours]
    return replace(QUIET, hours=late)


def test_errors_of_three_hours_are_found_before_the_day_is_over() -> None:
    finding = found(with_errors(20, 3))
    assert finding.rule == "error-rate"
    assert finding.sentence.startswith("In the last 3 hours ")
    assert "are usual on a " in finding.sentence
    assert "`TimeoutError` of `query`" in finding.sentence


def test_errors_within_the_usual_range_or_of_one_instance_are_no_alert() -> None:
    assert rules_of(with_errors(2, 3)) == []
    assert rules_of(replace(with_errors(20, 3), classes=[ErrorClass("query", "TimeoutError", 60, 2)])) == []
    assert rules_of(with_errors(20, 3), "error-rate:1000") == []
    assert rules_of(with_errors(20, 3), "error-rate:off") == []


def test_what_is_usual_needs_three_weeks() -> None:
    assert rules_of(replace(with_errors(20, 3), days=usual_days(20))) == []
    assert rules_of(replace(with_errors(20, 3), days=usual_days(21))) == ["error-rate"]


@pytest.mark.parametrize(("share", "expected"), [(0.5, "fewer"), (0.85, ""), (1.15, ""), (2, "more")])
def test_a_day_s_instances_are_compared_with_its_weekday(share: float, expected: str) -> None:
    for last in range(7):
        shifted = [replace(each, day=each.day - last, instances=weekly(each.day - last)) for each in QUIET.days]
        shifted[-1] = replace(shifted[-1], instances=round(shifted[-1].instances * share))
        numbers = replace(QUIET, days=shifted, now=NOW - last * DAY, today=10)
        subjects = [each.subject for each in judge_product(numbers, OPTIONS, (), DAY)]
        assert subjects == ([expected] if expected else []), last


def test_a_day_is_not_judged_before_its_last_events_are_there() -> None:
    days = [*QUIET.days[:-1], replace(QUIET.days[-1], instances=30)]
    assert rules_of(replace(QUIET, days=days, now=TODAY * DAY + 600)) == []
    assert rules_of(replace(QUIET, days=days, now=TODAY * DAY + HOUR)) == ["active-instances"]


def test_more_instances_than_a_whole_day_are_found_during_the_day() -> None:
    assert rules_of(replace(QUIET, today=300)) == ["active-instances"]
    few = replace(QUIET, days=[replace(each, instances=each.instances // 20) for each in QUIET.days], today=15)
    assert rules_of(few) == []


def test_an_hour_without_events_is_found_where_there_were_some_and_lasts_until_one_comes() -> None:
    silent = replace(QUIET, last_hour=0)
    assert found(silent).rule == "no-events"
    assert rules_of(replace(silent, usual_hour=(30, 11))) == []
    assert rules_of(replace(silent, usual_hour=(0, 30)), open_rules=["no-events"]) == ["no-events"]
    assert rules_of(QUIET, open_rules=["no-events"]) == []
    assert rules_of(silent, uptime=HOUR - 1) == []


def test_a_new_class_of_errors_needs_instances_and_a_tool_that_is_not_new() -> None:
    new = replace(QUIET, classes=[ErrorClass("query", "BrandNewError", 9, 5)])
    finding = found(new)
    assert (finding.rule, finding.subject) == ("new-error-class", "query BrandNewError")
    assert rules_of(replace(new, classes=[ErrorClass("query", "BrandNewError", 90, 4)])) == []
    assert rules_of(replace(new, classes=[ErrorClass("query", "other", 90, 9)])) == []
    assert rules_of(replace(new, known_tools=frozenset())) == []
    assert rules_of(replace(new, days=usual_days(6))) == []
    assert rules_of(replace(new, known_classes=frozenset({("query", "BrandNewError")}))) == []


def test_refusals_are_of_the_last_hour_and_need_a_share() -> None:
    status, window = Status(), RefusalWindow()

    def observed(now: float) -> list[AlertFinding]:
        refusals = window.observe(status, ["dot-ai"], now)
        return judge_collector(CollectorNumbers({}, refusals), OPTIONS)

    status.increment("events_accepted", "dot-ai", n=500)
    assert observed(NOW) == []
    status.increment("events_refused", "dot-ai", "malformed", n=100)
    [finding] = observed(NOW + 60)
    assert finding.key == ("refusals", "dot-ai", "")
    assert dict(finding.numbers) == {"refused": 100, "accepted": 500}
    assert observed(NOW + 2 * HOUR) == []
    status.increment("events_refused", "dot-ai", "malformed", n=100)
    status.increment("events_accepted", "dot-ai", n=1000)
    assert observed(NOW + 2 * HOUR + 60) == []
    assert judge_collector(CollectorNumbers({}, {"": Refusals(10, 99)}), OPTIONS) == []
    assert judge_collector(CollectorNumbers({}, {"": Refusals(10, 100)}), OPTIONS)[0].rule == "refusals"


def test_every_alarm_is_a_finding_those_of_the_disk_by_their_own_rule() -> None:
    findings = judge_collector(CollectorNumbers(ALARMS, {}), OPTIONS)
    assert {each.subject: each.rule for each in findings} == {
        name: "disk" if name in ("disk_low", "disk_quota_reached") else "collector" for name in ALARMS
    }
    others = judge_collector(CollectorNumbers(ALARMS, {}), rule_options(["disk:off"]))
    assert {each.rule for each in others} == {"collector"}
