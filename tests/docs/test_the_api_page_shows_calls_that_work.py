"""The calls on the page about the API are taken as they stand there, by a token made as it stands there."""

import json
import re
from pathlib import Path

import pytest

from margin.demo.market import SOURCES
from margin.whatif import between, why
from riskdesk import clock
from tests import factories
from tests.doors.api import NOON, Api

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/api.md").read_text()
CALL = re.compile(r"^call (?:-X (\w+) )?\$DESK/(\S+)(?: -d '(.*)')?$", re.M)


@pytest.mark.django_db
def test_every_call_is_answered_well(rita) -> None:
    doge = factories.instrument("DOGE-PERP", sources=("demo-a",))
    factories.quote(doge, "0.16", source_code="demo-a", at=factories.MONDAY_NOON.replace(hour=11))
    account = factories.sub_account("HALCYON-CROSS")
    factories.balance(account, "1000")
    program = Api(rita, scopes=tuple(re.findall(r"--scope (\S+?)[) \n]", PAGE.split("```")[1])))
    calls = CALL.findall(PAGE)
    assert {method for method, _, _ in calls} == {"", "PUT", "POST"}
    with clock.pinned(factories.MONDAY_NOON):
        for method, path, body in calls:
            sent = json.loads(body.replace("'$(now)'", NOON)) if body else None
            answer = program.call(method or "GET", path, sent)
            unseen = answer.status_code == 404 and "explain" in path  # no run has worked anything here
            assert answer.status_code in (200, 201) or unseen, (path, answer.content)
            assert not answer.json().get("refused")


def test_the_figures_are_those_there_are() -> None:
    for call, names in (("explain", why.FIGURES), ("bridge", between.NAMES)):
        (said,) = re.findall(rf"^`{call}/` .*$", PAGE, re.M)
        assert re.findall(r"`(\w+)`", said) == list(names)


def test_the_demos_sources_are_named() -> None:
    (said,) = re.findall(r"The demo's feeds are .*", PAGE)
    assert re.findall(r"`([\w-]+)`", said) == [code for code, _ in SOURCES]


@pytest.mark.django_db
def test_the_root_says_where_to_begin(rita) -> None:
    answer = Api(rita).get("/api/v1/")
    assert answer.status_code == 404
    assert "/api/v1/accounts/" in answer.json()["detail"]
