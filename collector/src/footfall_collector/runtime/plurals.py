"""Numbers with their nouns, for texts that people read."""


def quantity(number: int, noun: str) -> str:
    """`1,234 calls`, `1 call`, `2 queries`."""
    plural = noun if number == 1 else noun[:-1] + "ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {plural}"
