"""Answers for who may know of one product only."""

from copy import copy

from ...answer import Answers


def only_product(answers: Answers, product: str) -> Answers:
    """The same answers without the other products. Raises KeyError where there is no such product."""
    narrowed = copy(answers)
    narrowed.catalogues = {product: answers.catalogues[product]}
    return narrowed
