"""Refusals: a status and a plain sentence, which never repeats anything of the request."""


class RefusedError(Exception):
    """A request that is not taken.

    Attributes:
        status: of the HTTP answer.
        reason: the word it is counted under.
        sentence: the body of the answer.
        retry_after: seconds, for the header of that name; None for no such header.
    """

    def __init__(self, status: int, reason: str, sentence: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.sentence = sentence
        self.retry_after = retry_after


def malformed(sentence: str, reason: str = "malformed_body") -> RefusedError:
    """400: the sender's mistake; the same request is refused again."""
    return RefusedError(400, reason, sentence)


def too_large(sentence: str, reason: str = "body_too_large") -> RefusedError:
    """413: the sender may send it in smaller parts."""
    return RefusedError(413, reason, sentence)
