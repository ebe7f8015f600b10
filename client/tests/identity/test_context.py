"""The properties of the process that every event carries, read from the environment."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.catalogue import AI_PROVIDER_VARIABLES, AI_PROVIDERS, DEPLOYMENT_METHODS, catalogue_for
from footfall.identity.context import ai_provider, deployment_method, read_context
from footfall.settings import Product

environments = st.dictionaries(
    st.sampled_from([*AI_PROVIDER_VARIABLES, "AI_PROVIDER", "CI", "NODE_ENV", "BUILD_ID", "AWS_PROFILE"])
    | st.text(max_size=10),
    st.text(max_size=20),
    max_size=8,
)


@pytest.mark.parametrize(
    ("environ", "provider"),
    [
        ({}, "none"),
        ({"ANTHROPIC_API_KEY": "sk-ant-1"}, "anthropic"),
        ({"OPENAI_API_KEY": "sk-1"}, "openai"),
        ({"GOOGLE_API_KEY": "1"}, "google"),
        ({"GEMINI_API_KEY": "1"}, "google"),
        ({"XAI_API_KEY": "1"}, "xai"),
        ({"MISTRAL_API_KEY": "1"}, "mistral"),
        ({"XAI_API_KEY": "1", "OPENAI_API_KEY": "1"}, "openai"),
        ({"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": "1"}, "openai"),
        ({"AWS_ACCESS_KEY_ID": "1", "AWS_SECRET_ACCESS_KEY": "1", "AWS_PROFILE": "dev"}, "none"),
        ({"AWS_ACCESS_KEY_ID": "1", "GROQ_API_KEY": "1"}, "groq"),
        ({"AI_PROVIDER": "amazon_bedrock", "AWS_PROFILE": "dev"}, "amazon_bedrock"),
        ({"AI_PROVIDER": "amazon-bedrock"}, "amazon_bedrock"),
        ({"AI_PROVIDER": "bedrock"}, "amazon_bedrock"),
        ({"AI_PROVIDER": "anthropic_opus"}, "anthropic"),
        ({"AI_PROVIDER": "anthropic-haiku", "OPENAI_API_KEY": "1"}, "anthropic"),
        ({"AI_PROVIDER": "google_flash"}, "google"),
        ({"AI_PROVIDER": "copilot"}, "copilot"),
        ({"AI_PROVIDER": "kimi"}, "kimi"),
        ({"AI_PROVIDER": "host"}, "host"),
        ({"AI_PROVIDER": "custom"}, "custom"),
        ({"AI_PROVIDER": "unknown"}, "none"),
        ({"MOONSHOT_API_KEY": "1"}, "kimi"),
        ({"GITHUB_COPILOT_TOKEN": "1"}, "copilot"),
        ({"GOOGLE_GENERATIVE_AI_API_KEY": "1"}, "google"),
        ({"ALIBABA_API_KEY": "1"}, "alibaba"),
        ({"CUSTOM_LLM_API_KEY": "1"}, "custom"),
        ({"AI_PROVIDER": " OpenAI ", "ANTHROPIC_API_KEY": "1"}, "openai"),
        ({"AI_PROVIDER": "", "ANTHROPIC_API_KEY": "1"}, "anthropic"),
        ({"AI_PROVIDER": "our-own-llm.corp.example"}, "other"),
        ({"AI_PROVIDER": "sk-ant-a-key-in-the-wrong-place"}, "other"),
    ],
)
def test_the_provider_is_the_configured_one(environ: dict[str, str], provider: str) -> None:
    assert ai_provider(environ) == provider


@pytest.mark.parametrize(
    ("version", "sent"),
    [("2.2.0", "2.2.0"), ("v2.2.0-rc1+build.7", "2.2.0-rc"), ("main", "other"), ("1.2.3.4", "other")],
)
def test_the_version_is_cleaned_and_named_after_the_product(version: str, sent: str) -> None:
    assert read_context(Product("dot-ai", version=version), {})["dot_ai_version"] == sent
    assert read_context(Product("my-own-server", version=version), {})["my_own_server_version"] == sent


def test_a_product_without_a_version_sends_none() -> None:
    assert read_context(Product("dot-ai"), {}) == {"ai_provider": "none", "is_internal": False}


@given(environ=environments, version=st.text(max_size=20))
def test_any_environment_yields_only_values_of_the_catalogue(environ: dict[str, str], version: str) -> None:
    common = read_context(Product("dot-ai", version=version), environ)
    assert catalogue_for("dot-ai").common_check()(common.get) == common


@pytest.mark.parametrize(
    ("setting", "method"),
    [("helm", "helm"), (" Helm\n", "helm"), ("docker_compose", "docker-compose"), ("our cluster eu-1", "other")],
)
def test_the_setting_of_a_manifest_is_the_deployment_method(setting: str, method: str, tmp_path: Path) -> None:
    assert deployment_method({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, setting, str(tmp_path)) == method


def test_without_a_setting_kubernetes_comes_before_docker_and_docker_before_local(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert deployment_method({}, "", root) == "local"
    assert deployment_method({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "", root) == "kubernetes"
    assert deployment_method({"KUBERNETES_SERVICE_HOST": ""}, " ", root) == "local"
    (tmp_path / ".dockerenv").touch()
    assert deployment_method({}, "", root) == "docker"
    assert deployment_method({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "", root) == "kubernetes"


def test_a_podman_container_counts_as_docker(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".containerenv").touch()
    assert deployment_method({}, "", str(tmp_path)) == "docker"


@given(setting=st.text(max_size=30))
def test_a_setting_of_any_text_becomes_a_known_word(setting: str) -> None:
    assert deployment_method({}, setting) in {*DEPLOYMENT_METHODS, "other"}


def test_every_provider_of_a_variable_is_in_the_vocabulary() -> None:
    assert set(AI_PROVIDER_VARIABLES.values()) | {"none"} <= set(AI_PROVIDERS)


def test_reading_the_context_imports_nothing_that_opens_sockets_or_hashes() -> None:
    script = (
        "import sys\n"
        "from footfall.identity.context import read_context, deployment_method\n"
        "from footfall.settings.product import Product\n"
        "read_context(Product('dot-ai', version='1.0.0'), {}); deployment_method({})\n"
        "print(*sorted({'ssl', 'socket', 'urllib3', 'http.client', 'hashlib', 'yaml'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split() == []


def test_importing_the_kubernetes_query_imports_no_network_modules() -> None:
    script = (
        "import sys, footfall.identity.kubernetes.ask\n"
        "print(*sorted({'ssl', 'socket', 'urllib3', 'http.client', 'yaml', 'base64'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split() == []
