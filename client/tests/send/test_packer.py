"""The packer: what earlier lines taught it never changes what a later line becomes."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.catalogue import catalogue_for
from footfall.send.packer import PackedBatch, Packer

NOW = 1_790_000_000
CATALOGUE = catalogue_for("dot-ai")
CALL = '{"tool":"recommend","success":true,"duration_ms":12}'
UUIDS = ("a" * 32, "0123456789abcdef" * 2, "A" * 32, "g" * 32, '","p":{"tool":"recommend"}}' + "a" * 5, "a" * 31)
NAMES = ("tool_executed", "tool_error", "server_started", "no_such_event", 'tool_executed","t":5,"x":"')
TIMES = (str(NOW), str(NOW + 1), "0", "-5", "1e3", "253402300800", '"', "01")
PROPERTIES = (
    CALL,
    CALL + ',"p":{"query":"secret"}',
    CALL + ',"e":"tool_error"',
    CALL + ',"t":5',
    CALL.replace("recommend", "query the secret"),
    f" {CALL} ",
    '{"tool":"recommend","error_type":"ValueError"}',
    '{"transport":"stdio"}',
    "{}",
    "[]",
    "{",
)
FORMS = (
    '{{"e":"{0}","t":{1},"u":"{2}","p":{3}}}',
    '{{"e":"{0}","t":{1},"u":"{2}","p":{3}}}x',
    '{{"x":{{"u":"1","u":"2"}},"e":"{0}","t":{1},"u":"{2}","p":{3}}}',
    '{{"t":{1},"e":"{0}","u":"{2}","p":{3}}}',
)


def mostly(usual: str, *others: str) -> st.SearchStrategy[str]:
    """Lines of which only a part is odd are those that could be mistaken for a usual one."""
    return st.sampled_from((usual,) * len(others) + others)


LINES = st.builds(
    lambda form, *parts: form.format(*parts).encode(),
    *(mostly(*pool) for pool in (FORMS, NAMES, TIMES, UUIDS, PROPERTIES)),
)
USUAL = f'{{"e":"tool_executed","t":{NOW},"u":"{"b" * 32}","p":{CALL}}}'.encode()


def packed(packer: Packer, lines: list[bytes]) -> PackedBatch:
    return packer.pack(
        lines, {}, "local_0123456789abcdef", "1.31", oldest=NOW - 100, tools=frozenset({"recommend", "query"})
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=12), st.lists(LINES, max_size=12))
def test_a_line_becomes_the_same_whatever_was_packed_before(first: list[bytes], second: list[bytes]) -> None:
    packer = Packer(CATALOGUE)
    for lines in ([USUAL, *first], [*second, *first]):
        together, alone = packed(packer, lines), [packed(Packer(CATALOGUE), [line]) for line in lines]
        assert together.events == [event for one in alone for event in one.events]
        assert +together.dropped == sum((one.dropped for one in alone), Counter())
