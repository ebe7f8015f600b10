"""Facts about this process from its environment: product version, AI provider, CI or test, deployment method.

Only the presence of a key is read. Every value that leaves is a word of a closed vocabulary or a cleaned version.
"""

import os
import sys
from collections.abc import Mapping

from ..catalogue import (
    AI_PROVIDER_ALIASES,
    AI_PROVIDER_VARIABLES,
    AI_PROVIDERS,
    DEPLOYMENT_METHODS,
    OTHER,
    Value,
    clean_version,
    version_property,
)
from ..settings import Product
from .ci_vendors import BOOLEAN_VARIABLES, BUILD_VARIABLES, VARIABLE_GROUPS, VARIABLE_VALUES

_NO = frozenset({"", "false", "0", "no", "off"})
_YES = frozenset({"true", "1"})
_CONTAINER_FILES = (".dockerenv", "run/.containerenv")


def read_context(product: Product, environ: Mapping[str, str]) -> dict[str, Value]:
    """The properties that every event carries, by wire name: `dot_ai_version` (if known), `ai_provider`, `is_internal`.

    Args:
        product: gives the version and the name of its property.
        environ: the process's environment.
    """
    common: dict[str, Value] = {"ai_provider": ai_provider(environ), "is_internal": is_internal(environ)}
    version = clean_version(product.version)
    if version is not None:
        common[version_property(product.name)] = version
    return common


def ai_provider(environ: Mapping[str, str]) -> str:
    """The configured provider: AI_PROVIDER, else the first known key that is set, else `none`; unknown is `other`."""
    named = environ.get("AI_PROVIDER", "").strip().lower()
    if named:
        # Both spellings occur: `vertex-ai` and `vertex_ai`.
        word = named if named in AI_PROVIDERS else named.replace("-", "_")
        word = AI_PROVIDER_ALIASES.get(word, word)
        return word if word in AI_PROVIDERS else OTHER
    for variable, provider in AI_PROVIDER_VARIABLES.items():
        if environ.get(variable):
            return provider
    return "none"


def is_internal(environ: Mapping[str, str]) -> bool:
    """Whether the process runs in CI or under a test."""
    return in_test(environ) or in_ci(environ)


def in_test(environ: Mapping[str, str]) -> bool:
    """Whether pytest runs this process or its parent, or NODE_ENV=test. An installed or imported pytest is no test."""
    if environ.get("NODE_ENV", "").strip().lower() == "test" or environ.get("PYTEST_CURRENT_TEST"):
        return True
    # pytest sets it for its whole session, but an image may also use the name to pin pytest's version.
    return bool(environ.get("PYTEST_VERSION")) and "pytest" in sys.modules


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether `CI` or a vendor's variable (see `ci_vendors`) is set. `CI=false` overrides all of them."""
    ci = environ.get("CI")
    if ci:
        return _normalize(ci) not in _NO
    return (
        any(_normalize(environ.get(name, "")) in _YES for name in BOOLEAN_VARIABLES)
        or any(environ.get(name) for name in BUILD_VARIABLES)
        or any(all(environ.get(name) for name in names) for names in VARIABLE_GROUPS)
        or any(environ.get(name) == value for name, value in VARIABLE_VALUES)
    )


def deployment_method(environ: Mapping[str, str], setting: str = "", root: str = "/") -> str:
    """How the server was installed: what its manifest says, else what the environment and file system show.

    Args:
        environ: KUBERNETES_SERVICE_HOST is read.
        setting: the value of `DOT_AI_DEPLOYMENT_METHOD`, which each manifest sets; unknown words are `other`.
        root: the directory in which container runtimes leave their marker files.
    """
    named = _normalize(setting).replace("_", "-")
    if named:
        return named if named in DEPLOYMENT_METHODS else OTHER
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    if any(os.path.exists(os.path.join(root, name)) for name in _CONTAINER_FILES):
        return "docker"
    return "local"


def _normalize(value: str) -> str:
    return value.strip().lower()
