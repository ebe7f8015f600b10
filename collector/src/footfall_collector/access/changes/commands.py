"""The commands that change and list annotations: for the control socket, the API, and the CLI without a collector."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from ...runtime import Command, ControlError, Settings, unknown_product
from .annotation import AnnotationError
from .annotation_list import AnnotationList

_Result = TypeVar("_Result")


def annotation_commands(
    settings: Settings, annotations: AnnotationList, by: str = "command line"
) -> Mapping[str, Command]:
    """The commands by name; each raises ControlError with a sentence for the user."""

    def add(text: str, at: str = "", product: str | None = None) -> dict[str, Any]:
        if product and product not in settings.products:
            raise ControlError(unknown_product(product, settings.products, settings.data))
        added = _controlled(lambda: annotations.add(text, at, product or "", by))
        fields: dict[str, Any] = msgspec.to_builtins(added)
        return fields

    def remove(id: str) -> None:  # noqa: A002 - the name that the API and the command line use
        _controlled(lambda: annotations.remove(id))

    return {
        "annotations_add": add,
        "annotations_remove": remove,
        "annotations_list": lambda: msgspec.to_builtins(_controlled(annotations.all)),
    }


def _controlled(work: Callable[[], _Result]) -> _Result:
    try:
        return work()
    except AnnotationError as error:
        raise ControlError(str(error)) from None
    except OSError as error:
        raise ControlError(f"the data directory can't be written ({error.strerror}); check --data") from None
