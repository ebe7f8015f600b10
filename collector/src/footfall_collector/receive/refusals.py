"""A request that is not taken: a status and a plain sentence, which never repeats anything of the request."""


class RefusedError(Exception):
    """Answered with `status` and `sentence`; `reason` is the word it is counted by, `retry_after` in seconds."""

    def __init__(self, status: int, reason: str, sentence: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.sentence = sentence
        self.retry_after = retry_after


def malformed(sentence: str, reason: str = "malformed_body") -> RefusedError:
    """400: the sender's mistake, trying again is no use."""
    return RefusedError(400, reason, sentence)


def too_large(sentence: str, reason: str = "body_too_large") -> RefusedError:
    """413: the sender may send it in smaller parts."""
    return RefusedError(413, reason, sentence)
