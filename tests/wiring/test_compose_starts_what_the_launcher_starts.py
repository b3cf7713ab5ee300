"""Each part of the desk is started with the same options by the launcher and by compose.yaml."""

import json
import re
from types import SimpleNamespace

import pytest
import yaml

from riskdesk.env import read_environment
from riskdesk.stack.parts import PYTHON, SOFT_STOP, desk_parts
from tests.wiring.production import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OTHERS = {"postgres", "valkey", "migrate"}


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


@pytest.mark.parametrize("name", sorted(set(COMPOSE["services"]) - OTHERS))
def test_a_service_has_the_options_of_its_part(parts, name):
    assert parts[name].command[:2] == [PYTHON, "-m"]
    assert command_of(name) == parts[name].command[2:]


@pytest.mark.parametrize("name", sorted(set(COMPOSE["services"]) - OTHERS))
def test_a_service_is_asked_to_stop_as_softly_as_its_part(name):
    assert COMPOSE["services"][name]["environment"]["REMAP_SIGTERM"] == SOFT_STOP
