"""The chart's container as a process that sees what a pod sees: environment, service-account files, API address."""

import os
import sys
from pathlib import Path

from deploy.tests.charts import Rendered
from deploy.tests.serving import Host
from tests.kubernetes.control_plane import ControlPlane
from tests.support.toolkit_process import ToolkitProcess, start_toolkit

_MOUNT = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
cp "$1/token" "$1/ca.crt" /run/secrets/kubernetes.io/serviceaccount/
shift
exec "$@"
"""


def start_pod(rendered: Rendered, plane: ControlPlane, host: Host, directory: Path, token: str) -> ToolkitProcess:
    """The server of a rendered chart, its telemetry hurried; the files of its account exist for this process alone."""
    files = directory / "serviceaccount"
    files.mkdir()
    (files / "token").write_text(token)
    (files / "ca.crt").write_bytes(plane.authorities)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        **rendered.environment(),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(plane.port),
        "DOT_AI_POSTHOG_HOST": host.address,
        "DOT_AI_POSTHOG_KEY": "phc_test",
        "DOT_AI_TELEMETRY_STATE_DIR": str(directory / "state"),
        "DOT_AI_TELEMETRY_GRACE_SECONDS": "0",
        "DOT_AI_TELEMETRY_FLUSH_SECONDS": "0.1",
    }
    arguments = list(rendered.container["args"])
    arguments[arguments.index("--port") + 1] = "0"
    wrapper = directory / "pod.py"
    wrapper.write_text(_WRAPPER)
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    server = [sys.executable, "-m", "footfall_toolkit", *arguments]
    return start_toolkit(
        environment, "", str(wrapper), "unshare", "--mount", *user, "sh", "-c", _MOUNT, "pod", str(files), *server
    )


_WRAPPER = "import os, sys\nos.execvp(sys.argv[1], sys.argv[1:])\n"
