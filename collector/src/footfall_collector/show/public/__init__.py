"""The public page: closed months of a product, without any number that reveals a small group (`small_groups`)."""

from .page import Public

__all__ = ["Public"]
