"""A small web shop as Kubernetes resources: the stand-in cluster of the demo and of the toolkit's tests."""

import base64
from dataclasses import dataclass, field
from typing import Any

Resource = dict[str, Any]
CLUSTER_UID = "8f14e45f-ceea-467f-a0e1-9b6e3c1d2f70"
VERSION = "v1.34.2"
BORN = "2026-11-01T08:00:00Z"
SECRET_VALUE = "correct horse battery staple"  # what must never be shown


@dataclass(frozen=True)
class Served:
    """A kind the cluster serves: `columns` are (name, key of the resource's `shown`) of its table."""

    api_version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    columns: tuple[str, ...] = ("Name", "Age")
    items: list[Resource] = field(default_factory=list)


def shop(uid: str = CLUSTER_UID) -> list[Served]:
    """Every kind with its resources; `uid` is that of the namespace kube-system, which names the cluster."""
    return [
        Served("v1", "namespaces", "Namespace", False, ("ns",), ("Name", "Status", "Age"), _namespaces(uid)),
        Served("v1", "nodes", "Node", False, ("no",), ("Name", "Status", "Age"), [_made("node-1", None, "Ready")]),
        Served("v1", "pods", "Pod", True, ("po",), ("Name", "Ready", "Status", "Age"), _pods()),
        Served("v1", "services", "Service", True, ("svc",), items=[_made("web", "shop"), _made("cart", "shop")]),
        Served("v1", "secrets", "Secret", True, items=[_secret()]),
        Served("v1", "events", "Event", True, ("ev",), items=_events()),
        Served("apps/v1", "deployments", "Deployment", True, ("deploy",), ("Name", "Ready", "Age"), _deployments()),
        Served("example.com/v1", "coupons", "Coupon", True, ("cp",), ("Name", "Age"), [_made("november", "shop")]),
    ]


def log_of(pod: str) -> str:
    """Ten lines a container of this pod has written."""
    return "".join(f"2026-11-23T09:00:{n:02d}Z {pod} handled request {n}\n" for n in range(10))


def _made(name: str, namespace: str | None, status: str = "Active", **more: Any) -> Resource:
    metadata: Resource = {"name": name, "uid": f"uid-of-{name}", "creationTimestamp": BORN}
    if namespace:
        metadata["namespace"] = namespace
    metadata["labels"] = more.pop("labels", {"app": name.split("-", maxsplit=1)[0]})
    metadata["managedFields"] = [{"manager": "kubectl", "operation": "Update"}]
    return {"metadata": metadata, "status": {"phase": status}, **more}


def _namespaces(uid: str) -> list[Resource]:
    found = [_made(name, None) for name in ("default", "kube-system", "shop")]
    found[1]["metadata"]["uid"] = uid
    return found


def _pods() -> list[Resource]:
    spec = {"containers": [{"name": "main", "image": "registry.example.com/shop:1.4.2"}]}
    names = [f"web-{n}" for n in range(5)] + [f"cart-{n}" for n in range(3)]
    pods = [_made(name, "shop", "Running", spec=spec) for name in names]
    pods.append(_made("coupons-0", "shop", "CrashLoopBackOff", spec=spec))
    pods.append(_made("coredns-0", "kube-system", "Running", spec=spec))
    return pods


def _deployments() -> list[Resource]:
    return [_made(name, "shop", "Available", spec={"replicas": 3}) for name in ("web", "cart", "coupons")]


def _secret() -> Resource:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": f'{{"stringData":{{"password":"{SECRET_VALUE}"}}}}'}
    secret = _made("database", "shop", data={"password": base64.b64encode(SECRET_VALUE.encode()).decode()})
    secret["metadata"]["annotations"] = {**applied, "team": "checkout"}
    return secret


def _events() -> list[Resource]:
    def event(number: int, kind: str, reason: str, pod: str) -> Resource:
        about = {"kind": "Pod", "name": pod, "namespace": "shop", "uid": f"uid-of-{pod}"}
        said = {"type": kind, "reason": reason, "message": f"{reason} of {pod}", "count": number + 1}
        made = _made(f"event-{number}", "shop")
        return {**made, **said, "involvedObject": about, "lastTimestamp": f"2026-11-23T09:{number:02d}:00Z"}

    calm = [event(n, "Normal", "Pulled", f"web-{n}") for n in range(5)]
    return [*calm, event(5, "Warning", "BackOff", "coupons-0"), event(6, "Warning", "BackOff", "coupons-0")]
