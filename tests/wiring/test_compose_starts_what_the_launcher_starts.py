"""Each part is started with the same options by the launcher and by compose.yaml, and can be set alike."""

import json
import re
from types import SimpleNamespace

import pytest
import yaml

from riskdesk.env import read_environment
from riskdesk.stack.parts import PYTHON, desk_parts
from tests.wiring.production import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OTHERS = {"postgres", "valkey", "migrate"}
PARTS = sorted(set(COMPOSE["services"]) - OTHERS)
OURS = [*PARTS, "migrate"]
SETTINGS = set(
    re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/reference/settings.md").read_text(), re.MULTILINE)
)
NOT_PASSED = {
    "DEBUG": "production refuses it",
    "DEMO": "production refuses it",
    "DEMO_QUIET_SECONDS": "there is no demo",
    "DATABASE_OWNER_URL": "whoever migrates has it as DATABASE_URL, nobody else has it at all",
    "DATA_DIR": "the image has it, and the volume lies there",
    "HOST": "it stands in the commands",
    "PORT": "it stands in the commands",
    "GATE_PORT": "it stands in the commands",
}


@pytest.fixture
def parts(tmp_path):
    inside = read_environment({"DEMO": "0", "HOST": "0.0.0.0"})
    return {part.name: part for part in desk_parts(inside, SimpleNamespace(data=tmp_path), {})}


def command_of(name: str) -> list[str]:
    """A service's own command, or the image's."""
    if command := COMPOSE["services"][name].get("command"):
        return command
    return json.loads(re.findall(r"^CMD (.*)$", (ROOT / "Dockerfile").read_text(), re.M)[-1])


def test_compose_has_a_service_for_each_part(parts):
    assert set(COMPOSE["services"]) - OTHERS == set(parts)


@pytest.mark.parametrize("name", PARTS)
def test_a_service_has_the_options_of_its_part(parts, name):
    assert parts[name].command[:2] == [PYTHON, "-m"]
    assert command_of(name) == parts[name].command[2:]


@pytest.mark.parametrize("name", OURS)
def test_every_setting_reaches_every_service_but_those_with_a_reason_not_to(name):
    environment = COMPOSE["services"][name]["environment"]
    passed = {variable.removesuffix("_FILE") for variable in environment}
    assert SETTINGS - passed == NOT_PASSED.keys()
    for variable, value in environment.items():
        assert not str(value).startswith("${") or str(value).startswith(
            (f"${{{variable}:", f"${{{variable}}}")
        )


def test_what_is_left_out_has_the_default_of_the_desk_but_for_the_proxy_in_front():
    environment = COMPOSE["services"]["web"]["environment"]
    left_out = {name: re.fullmatch(r"\$\{\w+:-(.*)\}", str(value)) for name, value in environment.items()}
    given = {name: default[1] for name, default in left_out.items() if default}
    assert given.pop("TRUSTED_PROXIES") == "1"
    nothing = {"RISKDESK_ENV": "production"}
    assert read_environment(nothing | given) == read_environment(nothing)


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_given_the_file_of_each_secret_it_is_told_to_read_and_no_other(name):
    service = COMPOSE["services"][name]
    told = {value for value in service["environment"].values() if str(value).startswith("/run/secrets/")}
    assert told == {f"/run/secrets/{secret}" for secret in service["secrets"]}
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()


def test_only_migrations_work_as_the_owner():
    owners = [name for name in OURS if "database_owner_url" in COMPOSE["services"][name]["secrets"]]
    assert owners == ["migrate"]


@pytest.mark.parametrize("name", PARTS)
def test_a_service_waits_for_the_services_it_uses_and_for_migrations(name):
    assert COMPOSE["services"][name]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "valkey": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_migrations_wait_for_the_database():
    assert COMPOSE["services"]["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
