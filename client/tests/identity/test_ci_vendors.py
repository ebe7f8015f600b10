"""Runs in CI and under a test are internal; a production server is not."""

import json
import subprocess
import sys

import pytest

from footfall.identity import ci_vendors
from footfall.identity.context import in_ci, in_test, is_internal

# The variables by which each vendor's build machines are recognised.
VENDORS = {
    "Agola CI": {"AGOLA_GIT_REF": "refs/heads/main"},
    "Appcircle": {"AC_APPCIRCLE": "true"},
    "AppVeyor": {"APPVEYOR": "True"},
    "AWS CodeBuild": {"CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:1:build/x:y"},
    "Azure Pipelines": {"TF_BUILD": "True"},
    "Bamboo": {"bamboo_planKey": "PROJ-PLAN"},
    "Bitbucket Pipelines": {"BITBUCKET_COMMIT": "7f0c1e2", "BITBUCKET_BUILD_NUMBER": "7"},
    "Bitrise": {"BITRISE_IO": "true"},
    "Buddy": {"BUDDY_WORKSPACE_ID": "1", "BUDDY_EXECUTION_ID": "2"},
    "Buildkite": {"BUILDKITE": "true"},
    "Capawesome Cloud": {"CAPAWESOME_CLOUD": "true"},
    "CircleCI": {"CIRCLECI": "true"},
    "Cirrus CI": {"CIRRUS_CI": "true"},
    "Cloudflare Pages": {"CF_PAGES": "1", "CI": "true"},
    "Cloudflare Workers": {"WORKERS_CI": "1"},
    "Codefresh": {"CF_BUILD_ID": "5b1a"},
    "Codemagic": {"CM_BUILD_ID": "5b1a"},
    "Codeship": {"CI_NAME": "codeship"},
    "Drone": {"DRONE": "true"},
    "dsari": {"DSARI": "true"},
    "Earthly": {"EARTHLY_CI": "true"},
    "Expo Application Services": {"EAS_BUILD": "true"},
    "Gitea Actions": {"GITEA_ACTIONS": "true"},
    "GitHub Actions": {"GITHUB_ACTIONS": "true"},
    "GitLab CI": {"GITLAB_CI": "true"},
    "GoCD": {"GO_PIPELINE_LABEL": "12"},
    "Google Cloud Build": {"BUILDER_OUTPUT": "/builder/outputs"},
    "Harness CI": {"HARNESS_BUILD_ID": "12"},
    "Hudson": {"HUDSON_URL": "http://ci.example/", "BUILD_ID": "12"},
    "Jenkins": {"JENKINS_URL": "http://ci.example/", "BUILD_ID": "12"},
    "LayerCI": {"LAYERCI": "true"},
    "Magnum CI": {"MAGNUM": "true"},
    "Netlify CI": {"NETLIFY": "true", "CI": "true"},
    "Nevercode": {"NEVERCODE": "true"},
    "Prow": {"PROW_JOB_ID": "5b1a"},
    "RWX": {"RWX": "true"},
    "Sail CI": {"SAILCI": "true"},
    "Screwdriver": {"SCREWDRIVER": "true"},
    "Semaphore": {"SEMAPHORE": "true"},
    "Sourcehut": {"CI_NAME": "sourcehut"},
    "Strider CD": {"STRIDER": "true"},
    "TaskCluster": {"TASK_ID": "fN1SbArXTPSVFNUvaOlinQ", "RUN_ID": "0"},
    "TeamCity": {"TEAMCITY_VERSION": "2026.1 (build 1)"},
    "Travis CI": {"TRAVIS": "true"},
    "Vela": {"VELA": "true"},
    "Vercel": {"NOW_BUILDER": "1"},
    "Visual Studio App Center": {"APPCENTER_BUILD_ID": "7"},
    "Woodpecker": {"CI": "woodpecker"},
    "Xcode Cloud": {"CI_XCODE_PROJECT": "App.xcodeproj"},
    "Xcode Server": {"XCS": "1"},
}
PRODUCTION = {
    "nothing": {},
    "a pod with a build id": {"BUILD_ID": "20261124.1", "BUILD_NUMBER": "7"},
    "a job of a workflow engine": {"RUN_ID": "scheduled-2026-11-24"},
    "a task of a queue": {"TASK_ID": "7"},
    "a server that talks to Jenkins": {"JENKINS_URL": "https://ci.example", "JENKINS_TOKEN": "t"},
    "a server that talks to Hudson": {"HUDSON_URL": "https://ci.example"},
    "a server that talks to Gerrit": {"GERRIT_PROJECT": "tools"},
    "a server that talks to Buddy": {"BUDDY_WORKSPACE_ID": "1"},
    "an image that carries its commit": {"BITBUCKET_COMMIT": "7f0c1e2"},
    "next to a service named drone": {"DRONE_SERVICE_HOST": "10.0.0.7", "DRONE_PORT": "tcp://10.0.0.7:80"},
    "a path to the vela binary": {"VELA": "/usr/local/bin/vela", "DRONE": "https://drone.example"},
    "Render": {"RENDER": "true", "RENDER_SERVICE_TYPE": "web"},
    "Vercel": {"VERCEL": "1", "VERCEL_ENV": "production"},
    "Heroku": {"NODE": "/app/.heroku/node/bin/node", "DYNO": "web.1"},
    "Alpic": {"ALPIC_HOST": "server.example"},
    "ReleaseHub": {"RELEASE_BUILD_ID": "7"},
    "Cloudflare Pages functions": {"CF_PAGES": "1"},
    "Netlify functions": {"NETLIFY": "true"},
    "a builder's own output": {"BUILDER_OUTPUT": "/srv/out"},
    "variables that say no": {"CI": "false", "GITHUB_ACTIONS": "true", "TRAVIS": "true"},
    "flags that say no": {"GITHUB_ACTIONS": "false", "DRONE": "", "TF_BUILD": "False", "XCS": "0"},
    "production by name": {"NODE_ENV": "production"},
    "an image that pins pytest": {"PYTEST_VERSION_PIN": "9.2.0"},
}


@pytest.mark.parametrize("environ", VENDORS.values(), ids=VENDORS.keys())
def test_a_vendors_build_machine_is_ci(environ: dict[str, str]) -> None:
    assert in_ci(environ)
    assert is_internal(environ)


@pytest.mark.parametrize("environ", PRODUCTION.values(), ids=PRODUCTION.keys())
def test_production_is_not_internal(environ: dict[str, str]) -> None:
    assert not is_internal(environ)


@pytest.mark.parametrize(
    ("value", "is_ci"),
    [("true", True), ("1", True), ("TRUE", True), ("drone", True), ("false", False), ("False", False), ("0", False)],
)
def test_the_variable_ci_decides(value: str, is_ci: bool) -> None:
    assert in_ci({"CI": value}) is is_ci


def test_an_empty_ci_is_ignored() -> None:
    assert not in_ci({"CI": ""})
    assert in_ci({"CI": "", "GITHUB_ACTIONS": "true"})


def test_every_rule_has_a_vendor_in_this_test_and_every_omission_a_reason() -> None:
    names = {name for environ in VENDORS.values() for name in environ}
    pairs = {name for rule in ci_vendors.VARIABLE_GROUPS for name in rule}
    assert {
        *ci_vendors.BOOLEAN_VARIABLES,
        *ci_vendors.BUILD_VARIABLES,
        *pairs,
        *dict(ci_vendors.VARIABLE_VALUES),
    } <= names
    assert all(len(reason) > 10 for reason in ci_vendors.EXCLUDED.values())
    assert all(not in_ci({name: "true"}) for name in ci_vendors.EXCLUDED)


def test_all_variables_of_a_group_must_be_set() -> None:
    for rule in ci_vendors.VARIABLE_GROUPS:
        assert in_ci(dict.fromkeys(rule, "x"))
        assert not any(in_ci({name: "x"}) for name in rule)


def test_node_env_test_is_a_test() -> None:
    assert in_test({"NODE_ENV": "test"})
    assert not in_test({"NODE_ENV": "testing-ground"})


def test_this_very_test_is_a_test_and_so_is_a_process_it_starts(request: pytest.FixtureRequest) -> None:
    script = "import json, os; from footfall.identity.context import in_test; print(json.dumps(in_test(os.environ)))"
    command = [sys.executable, "-c", script]
    assert json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout) is True
    assert in_test({"PYTEST_CURRENT_TEST": f"{request.node.nodeid} (call)"})
    assert in_test({"PYTEST_VERSION": pytest.__version__})


def test_pytest_being_imported_or_pinned_is_not_a_test() -> None:
    script = (
        "import json, sys; from footfall.identity.context import in_test\n"
        "pinned = in_test({'PYTEST_VERSION': '9.2.0'})\n"
        "import pytest\n"
        "print(json.dumps([pinned, in_test({})]))"
    )
    command = [sys.executable, "-c", script]
    assert json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout) == [False, False]
