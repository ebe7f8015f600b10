"""How much is answered at a time, and what is kept of it.

`read_gate` bounds the questions, `interpreter_turn` says which thread runs Python meanwhile, and `answer_cache` keeps
answers while the store doesn't change.
"""

from .answer_cache import AnswerCache, SharedResults, one_answer, rows_of_answer
from .interpreter_turn import locked, turn_given_up
from .read_gate import BusyError, ReadGate

__all__ = [
    "AnswerCache",
    "BusyError",
    "ReadGate",
    "SharedResults",
    "locked",
    "one_answer",
    "rows_of_answer",
    "turn_given_up",
]
