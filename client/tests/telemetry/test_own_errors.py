"""An error of Footfall's own on its thread is in `footfall status` and in the log, once, and without its message."""

import logging
from pathlib import Path

import pytest

from client.tests.support.server import Server
from client.tests.telemetry.test_flush import record, telemetry


class Failing(logging.Handler):
    """A log handler of the host's that fails at the notice of the first run, which the thread writes."""

    def emit(self, entry: logging.LogRecord) -> None:
        if "collects usage analytics" in entry.getMessage():
            raise ValueError("the giraffe in /home/me")


def test_an_unexpected_error_is_shown_and_logged_once_by_its_class(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Failing()
    logging.getLogger("footfall").addHandler(handler)
    try:
        with Server() as server:
            host = telemetry(tmp_path, server)
            record(host, 3)
            assert not host.flush(20)
            assert not host.flush(20)
            state = (tmp_path / "ship.json").read_text()
            assert '"last_error": "an error of Footfall\'s own: ValueError"' in state
            assert [r.levelname for r in caplog.records if "ValueError" in r.getMessage()] == ["WARNING"]
            assert "giraffe" not in caplog.text + state
            logging.getLogger("footfall").removeHandler(handler)
            assert host.flush(20)
            assert len(server.accepted) == 3
            host.close()
    finally:
        logging.getLogger("footfall").removeHandler(handler)
