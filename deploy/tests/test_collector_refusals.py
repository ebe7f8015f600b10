"""The collector's chart refuses mistakes at install time, before events are lost."""

from typing import Any

import helm_python
import pytest

from deploy.tests.charts import render


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replica": 2}, "replica"),
        ({"replicas": "two"}, "replicas"),
        ({"deploymentMethod": "by hand"}, "deploymentMethod"),
        ({"secrets": {"signIn": "short"}}, "signIn"),
        ({"secrets": {"pepper": "shorter than 16"}}, "pepper"),
        ({"secrets": None}, "secrets"),
        ({"writeKeys": ["phc_a"]}, "writeKeys"),
        ({"writeKeys": [{"key": "phx_personal", "product": "dot-ai"}]}, "writeKeys"),
        ({"writeKeys": [{"key": "phc_a"}]}, "product"),
        ({"products": {"Dot AI": {}}}, "Dot AI"),
        ({"products": {"dot-ai": {"tool": []}}}, "tool"),
        ({"products": {"dot-ai": {"catalogue": "../../etc/passwd"}}}, "catalogue"),
        ({"catalogues": {"mine.txt": ""}}, "mine.txt"),
        ({"allowedHosts": ["a,b"]}, "allowedHosts"),
        ({"listen": "127.0.0.1"}, "listen"),
        ({"settings": {"retention_day": 3}}, "retention_day"),
        ({"settings": {"retention_days": 0}}, "retention_days"),
        ({"settings": {"retention_days": 1.5}}, "retention_days"),
        ({"settings": {"port": 1}}, "port"),
        ({"settings": {"sign_in_secret": "in plain sight"}}, "sign_in_secret"),
        ({"clickhouse": {"url": "http://ch:8123"}}, "url"),
        ({"clickhouse": {"url": "clickhouse://me:password@ch/db"}}, "url"),
        ({"clickhouse": {"url": "clickhouse://ch/db?clustr=c"}}, "url"),
        ({"persistence": {"accessMode": "ReadWriteMany"}}, "accessMode"),
        ({"persistence": {"size": "a lot"}}, "size"),
        ({"service": {"port": 0}}, "port"),
        ({"ingress": {"enabled": True, "hosts": ["https://a.example"]}}, "hosts"),
        ({"serviceMonitor": {"interval": "often"}}, "interval"),
        ({"backup": {"schedule": "at night"}}, "schedule"),
        ({"backup": {"keep": 0}}, "keep"),
        ({"image": {"repository": ""}}, "repository"),
        ({"extraEnv": {"A": ["b"]}}, "extraEnv"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=named):
        render(values, chart="collector")


CLICKHOUSE = {"url": "clickhouse://me@ch/db"}
INGRESS = {"enabled": True, "hosts": ["a.example"]}


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"replicas": 2}, "set clickhouse.url, or replicas=1"),
        ({"secrets": {"existingSecret": {"name": "s"}, "signIn": "twelve letters"}}, "keep one of them"),
        ({"clickhouse": {"existingSecret": {"name": "s"}}}, "set both"),
        ({"clickhouse": CLICKHOUSE, "backup": {"enabled": True}}, "ClickHouse's own BACKUP"),
        (
            {"persistence": {"accessMode": "ReadWriteOncePod"}, "backup": {"enabled": True}},
            "accessMode=ReadWriteOnce",
        ),
        ({"ingress": {"enabled": True}}, "needs ingress.hosts"),
        ({"httpRoute": {"enabled": True, "hostnames": ["a.example"]}}, "needs httpRoute.parentRefs"),
        ({"ingress": INGRESS}, "need trusted_proxies in settings"),
        ({"ingress": INGRESS, "settings": {"trusted_proxies": []}}, "need trusted_proxies in settings"),
        (
            {"httpRoute": {"enabled": True, "parentRefs": [{"name": "g"}], "hostnames": ["a.example"]}},
            "need trusted_proxies in settings",
        ),
        ({"secrets": {"signIn": "$argon2id$v=19$m=8"}, "serviceMonitor": {"enabled": True}}, "bearerSecret.name"),
        ({"products": {"dot-ai": {"catalogue": "mine.py"}}}, "add it to catalogues"),
        ({"writeKeys": [{"key": "phc_a", "product": "other"}]}, "add it to products"),
    ],
)
def test_values_that_contradict_each_other_are_refused_with_what_to_do(values: dict[str, Any], advice: str) -> None:
    with pytest.raises(helm_python.HelmError, match=advice):
        render(values, chart="collector")


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 3, "clickhouse": CLICKHOUSE},
        {"podSecurityContext": {"runAsUser": None}},
        {"resources": None},
        {"products": {"dot-ai": None}, "catalogues": {}} | {"products": {"mine": {}}},
        {"secrets": {"signIn": "$argon2id$v=19$m=8"}},
        {"global": {"anything": True}},
    ],
)
def test_what_people_take_away_or_leave_empty_is_accepted(values: dict[str, Any]) -> None:
    assert render(values, chart="collector").container["image"]
