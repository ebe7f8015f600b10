"""The versions of a product that count: those that an established instance has run.

Anyone can send events of a version that doesn't exist. Without this, one invented instance of a high version would be
the newest release, and hide the real ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...answer import Answers, Filters, is_version
from .periods import all_time, without_filters
from .rows import rows_as_dicts


@dataclass(frozen=True)
class KnownVersions:
    """All versions of a product.

    Attributes:
        first_seen: version → UTC day of its first event ever, as far as charts show it.
        apart: versions that no established instance has run; empty where no version has one, because then all count.
        all_count: whether no version has an established instance yet.
    """

    first_seen: Mapping[str, str]
    apart: frozenset[str]
    all_count: bool

    def counted(self, versions: Iterable[str]) -> list[str]:
        """Those of some values that are versions and count.

        A version that is not known came since this was asked: it counts from the next answer on.
        """
        return [version for version in versions if version in self.first_seen and version not in self.apart]


def known_versions(answers: Answers, filters: Filters) -> KnownVersions:
    """Of the filters only product and `internal` count."""
    rows = rows_as_dicts(answers.releases(without_filters(all_time(filters))))
    versions = [row for row in rows if is_version(row["product_version"])]
    apart = frozenset(row["product_version"] for row in versions if not row["established"])
    all_count = len(apart) == len(versions)
    return KnownVersions(
        {row["product_version"]: row["first_seen"] for row in versions}, frozenset() if all_count else apart, all_count
    )
