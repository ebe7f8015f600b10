"""Numbers with their nouns, for texts that people read."""


def quantity(number: int, noun: str) -> str:
    """`1,234 calls`, `1 call`, `2 queries`, `2 days`."""
    many = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"
    plural = noun if number == 1 else many
    return f"{number:,} {plural}"
