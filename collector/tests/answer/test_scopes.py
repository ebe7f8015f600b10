"""A scope says in one phrase which events count, and of which instances."""

from datetime import UTC, datetime

import pytest

from collector.tests.answer.drawn_questions import CATALOGUES, END, OWN
from footfall_collector.answer import Filters, describe_segment, parse_question
from tests.oracle.world import DAY


@pytest.mark.parametrize(
    ("where", "phrase"),
    [
        ("k8s_version:is:1.29", "calls of instances that ran Kubernetes 1.29 on that day"),
        ("k8s_version:is:", "calls of instances that had no Kubernetes version on that day"),
        (
            "k8s_version:is:,1.29",
            "calls of instances that had Kubernetes version 1.29 or no Kubernetes version on that day",
        ),
        ("k8s_version:is_not:", "calls of instances that had a Kubernetes version on that day"),
        ("k8s_version:is_not:,1.29", "calls of instances that had a Kubernetes version other than 1.29 on that day"),
        ("error_type:is_not:A,B", "calls of instances that didn't meet A or B in the range"),
        ("standing:is:established", "calls of established instances"),
        ("standing:is_not:new", "calls of established instances"),
        ("standing:is:new", "calls of instances that are not established yet"),
        ("tool:is:,query", "calls whose tool is not given or query"),
        ("tool:is_not:", "calls whose tool is given"),
        ("tool:is_not:,query", "calls whose tool is given and is not query"),
        ("tool:is_not:query,version", "calls whose tool is not query or version"),
    ],
)
def test_a_scope_says_what_its_conditions_select(where: str, phrase: str) -> None:
    day = Filters("dot-ai", datetime.fromtimestamp(END - DAY, UTC), datetime.fromtimestamp(END, UTC))
    question = parse_question({"event": "tool_executed"}, [where], day, CATALOGUES["dot-ai"])
    assert describe_segment(question.segment, question.event) == phrase


@pytest.mark.parametrize(
    ("product", "where", "said"),
    [
        ("dot-ai", "transport:is:stdio", "connected over stdio"),
        ("dot-ai", "transport:is:", "had no connections whose transport is given"),
        (
            "dot-ai",
            "transport:is:,stdio",
            "had no connections whose transport is given, or some whose transport is stdio",
        ),
        ("dot-ai", "transport:is_not:", "had connections whose transport is given"),
        (
            "dot-ai",
            "transport:is_not:,stdio",
            "had connections whose transport is given, and none whose transport is stdio",
        ),
        ("dot-ai", "mcp_client_version:is:1.2", "had connections whose client version is 1.2"),
        ("dot-ai", "mcp_client_version:is_not:1.2", "had no connections whose client version is 1.2"),
        ("dot-ai", "tool_error.tool:is:query", "had errors whose tool is query"),
        (OWN, "error_type:is:A", "had errors or backup_finished events whose error class is A"),
        (OWN, "tool_error.error_type:is:A", "met A"),
        (OWN, "backup_finished.error_type:is:A", "had backup_finished events whose error class is A"),
        (OWN, "trigger:is_not:hand,webhook", "had no backup_finished events whose trigger is hand or webhook"),
    ],
)
def test_a_scope_says_what_happened_to_instances_and_of_which_event_it_is(product: str, where: str, said: str) -> None:
    day = Filters(product, datetime.fromtimestamp(END - DAY, UTC), datetime.fromtimestamp(END, UTC))
    question = parse_question({"event": "tool_executed"}, [where], day, CATALOGUES[product])
    assert describe_segment(question.segment, question.event) == f"calls of instances that {said} in the range"
