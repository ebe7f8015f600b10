"""The disk quota: measured at most once a second, and it doesn't flicker around its border."""

from pathlib import Path

import pytest

from footfall_collector.receive import DiskQuota, RefusedError, disk_space, folder_bytes
from footfall_collector.runtime import Settings


def quota_of(folder: Path, clock: list[float], used_percent: float) -> DiskQuota:
    """A quota of `used_percent` of what the files in the folder have."""
    percent = 100 * folder_bytes(folder) / disk_space(folder)[1] * used_percent / 100
    return DiskQuota(Settings(data=folder, disk_quota_percent=percent), lambda: clock[0])


def test_it_is_measured_once_a_second_and_ends_with_a_margin(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "file"
    file.write_bytes(bytes(1_000_000))
    clock = [0.0]
    quota = quota_of(tmp_path, clock, 101)
    quota.check()
    file.write_bytes(bytes(1_020_000))
    clock[0] += 0.9
    quota.check()
    clock[0] += 0.2
    with pytest.raises(RefusedError) as refused:
        quota.check()
    assert (refused.value.status, refused.value.reason, refused.value.retry_after) == (503, "disk_quota", 60)
    assert quota.reached() == 1.0
    file.write_bytes(bytes(1_000_000))
    clock[0] += 1.1
    assert quota.reached() == 1.0, "it must not flicker"
    file.write_bytes(bytes(900_000))
    clock[0] += 1.1
    quota.check()
    assert quota.reached() == 0.0


@pytest.mark.parametrize("percent", [0.0, 100.0])
def test_without_a_quota_nothing_is_refused(tmp_path: Path, percent: float) -> None:
    (tmp_path / "file").write_bytes(bytes(1_000_000))
    quota = DiskQuota(Settings(data=tmp_path, disk_quota_percent=percent))
    quota.check()
    assert quota.reached() == 0.0


def test_a_directory_that_is_gone_refuses_nothing(tmp_path: Path) -> None:
    assert DiskQuota(Settings(data=tmp_path / "none")).reached() == 0.0
