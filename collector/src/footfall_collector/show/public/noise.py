"""The noise of published numbers: drawn from a secret key, so that the same question has the same answer.

A number is drawn by what it counts and by the count itself. Asked again, as page, badge or dataset, or computed again
after a loss, it has the same noise, so that no average removes it. Another count has independent noise, so that a
difference of two publications is not the difference of two counts.
"""

import hashlib
import hmac
import math

import msgspec

_CONTEXT = b"footfall/public-noise/v1"
_UNIFORM_BITS = 64


class KeyedNoise:
    """Draws of one month of a product. `secret` is never published; the collector's pepper."""

    def __init__(self, secret: bytes, product: str, month: str) -> None:
        self._key = hmac.digest(secret, _CONTEXT, "sha256")
        self._context = (product, month)

    def laplace(self, scale: float, *subject: str | int) -> int:
        """A draw of the discrete Laplace distribution: x has a probability proportional to exp(-|x| / scale)."""
        first, second = self._uniforms(*subject)
        return _geometric(first, scale) - _geometric(second, scale)

    def below(self, number: int, *subject: str | int) -> int:
        """A whole number from 0 to before `number`, each with the same probability."""
        return int(self._uniforms(*subject)[0] * number)

    def _uniforms(self, *subject: str | int) -> tuple[float, float]:
        """Two independent numbers above 0 and below 1."""
        message = msgspec.json.encode((*self._context, *subject))
        digest = hmac.digest(self._key, message, hashlib.sha256)
        size = _UNIFORM_BITS // 8
        numbers = (int.from_bytes(digest[at : at + size]) >> 11 for at in (0, size))
        first, second = ((number + 0.5) / (1 << 53) for number in numbers)
        return first, second


def _geometric(uniform: float, scale: float) -> int:
    """The number of failures before a success that has the probability 1 - exp(-1 / scale)."""
    return int(-math.log(uniform) * scale)
