"""Fixtures shared with the fault tests."""

from client.tests.faults.conftest import authority, no_host_outlives_its_test, tls

__all__ = ["authority", "no_host_outlives_its_test", "tls"]
