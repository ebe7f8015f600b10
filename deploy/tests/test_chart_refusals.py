"""The chart refuses mistakes at install time, before data is sent to the wrong place."""

from typing import Any

import helm_python
import pytest

from deploy.tests.charts import render


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"telemetry": {"enabled": "flase"}}, "enabled"),
        ({"telemetry": {"enabled": 0}}, "enabled"),
        ({"telemetry": {"enabled": None}}, "enabled"),
        ({"telemetry": None}, "telemetry"),
        ({"telemetry": {"enable": False}}, "enable"),
        ({"telemtry": {"enabled": False}}, "telemtry"),
        ({"telemetry": {"host": "posthog.example.com"}}, "host"),
        ({"telemetry": {"host": "https://user:password@posthog.example.com"}}, "host"),
        ({"telemetry": {"key": "phx_a_personal_key"}}, "key"),
        ({"telemetry": {"existingSecret": {"name": "s", "key": ""}}}, "key"),
        ({"extraEnv": "DOT_AI_TELEMETRY=false"}, "extraEnv"),
        ({"extraEnv": ["DOT_AI_TELEMETRY=false"]}, "extraEnv"),
        ({"extraEnv": [{"DOT_AI_TELEMETRY": "false"}]}, "extraEnv"),
        ({"extraEnv": [{"name": "A", "value": "b", "valueFrom": {}}]}, "extraEnv"),
        ({"extraEnv": {"A": ["b"]}}, "extraEnv"),
        ({"extraEnv": {"A B": "c"}}, "A B"),
        ({"replicas": -1}, "replicas"),
        ({"replicas": "two"}, "replicas"),
        ({"service": {"port": 0}}, "port"),
        ({"service": {"type": "Ingress"}}, "type"),
        ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
        ({"image": {"repository": ""}}, "repository"),
        ({"state": {"persistence": {"accessMode": "ReadOnlyMany"}}}, "accessMode"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(values: dict[str, Any], named: str) -> None:
    with pytest.raises(helm_python.HelmValuesError, match=named):
        render(values)


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({"telemetry": {"key": "phc_a", "existingSecret": {"name": "s"}}}, "keep one of them"),
        ({"replicas": 2, "state": {"persistence": {"enabled": True}}}, "accessMode=ReadWriteMany"),
    ],
)
def test_values_that_contradict_each_other_are_refused_with_what_to_do(values: dict[str, Any], advice: str) -> None:
    with pytest.raises(helm_python.HelmError, match=advice):
        render(values)


@pytest.mark.parametrize(
    "values",
    [
        {"podSecurityContext": {"runAsUser": None}},
        {"resources": None, "nodeSelector": None},
        {"extraEnv": []},
        {"extraEnv": {}},
        {"global": {"anything": True}},
    ],
)
def test_what_people_take_away_or_leave_empty_is_accepted(values: dict[str, Any]) -> None:
    assert render(values).container["image"]
