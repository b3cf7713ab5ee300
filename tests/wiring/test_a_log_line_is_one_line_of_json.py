"""Whatever is logged, by whom and with what: one line, valid JSON, no secret."""

import json
import logging
import math
from decimal import Decimal

import pytest
import structlog
from django.conf import settings

from riskdesk.logs import configure, render_json

NASTY = [
    'name\r\n{"level": "info", "event": "forged"}',
    "\x1b[2J\x1b[1;1Hcleared",
    "line\u2028separator\u2029and\x85next",
    "nul\x00 and \x7f delete",
    '"}, {"event": "forged',
]


@pytest.fixture
def lines(capsys):
    """Log through our own set-up; gives what came out."""

    def read():
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    configure({"level": "INFO", "format": "json"})
    yield read
    capsys.readouterr()
    configure(settings.LOGGING)


def test_our_line_and_a_librarys_line_have_the_same_form(lines):
    structlog.get_logger("margin.flow").info("cycle.committed", run_id="r1", count=3)
    logging.getLogger("some.library").warning("it %s", "happened")
    ours, theirs = lines()
    assert set(theirs) == {"time", "level", "event", "logger"}
    assert set(ours) == {"time", "level", "event", "logger", "run_id", "count"}
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("it happened", "warning", "some.library")
    assert ours["time"].endswith("Z")


def test_a_logger_in_use_is_still_heard_after_the_log_was_set_up_again(lines):
    logger = structlog.get_logger("in.use").bind()
    configure({"level": "INFO", "format": "json"})
    with structlog.testing.capture_logs() as heard:
        logger.info("said")
    assert [line["event"] for line in heard] == ["said"]
    assert lines() == []


def test_what_a_stranger_sends_in_vain_is_one_short_warning_without_a_trace(lines, client):
    assert client.get("/", headers={"host": "x" * 5000}).status_code == 400
    (line,) = lines()
    assert (line["level"], line["logger"]) == ("warning", "django.security.DisallowedHost")
    assert set(line) == {"time", "level", "event", "logger"}
    assert len(line["event"]) == 300


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_value_can_forge_a_second_line(lines, nasty):
    structlog.get_logger("a").warning(nasty, client=nasty)
    logging.getLogger("b").warning("client %s", nasty)
    ours, theirs = lines()
    assert ours["client"] == ours["event"] == nasty
    assert theirs["event"] == f"client {nasty}"


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_the_console_form_escapes_what_could_speak_to_the_terminal(capsys, nasty):
    configure({"level": "INFO", "format": "console"})
    structlog.get_logger("a.console").warning("seen", client=nasty)
    shown = capsys.readouterr().err
    configure(settings.LOGGING)
    assert len(shown.rstrip("\n").splitlines()) == 1
    assert "\x1b[2J" not in shown


def test_an_exception_is_one_line_and_shows_no_local_variables(lines):
    def fails():
        hunter2 = "the secret value"
        raise ValueError(f"first\nsecond {len(hunter2)}")

    try:
        fails()
    except ValueError:
        logging.getLogger("x").exception("failed")
        structlog.get_logger("y").exception("failed")
    for line in lines():
        assert "ValueError: first\nsecond 16" in line["exception"]
        assert "the secret value" not in line["exception"].replace('hunter2 = "the secret value"', "")


def test_a_value_of_a_secret_name_is_not_written(lines):
    structlog.get_logger("z").info("x", password="p", api_key="k", Authorization="Bearer t", sessionid="s")
    (line,) = lines()
    names = ("password", "api_key", "Authorization", "sessionid")
    assert [line[name] for name in names] == ["***"] * 4


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer t4", "accept": "text/html"},
        [("Authorization", "Bearer t4"), ("accept", "text/html")],
        [[b"authorization", b"Bearer t4"], [b"accept", b"text/html"]],
        {"request": {"all": [{"headers": {"Authorization": "Bearer t4", "accept": "text/html"}}]}},
    ],
    ids=["mapping", "pairs", "bytes", "deep"],
)
def test_a_secret_inside_of_a_value_is_not_written_and_its_neighbours_are(lines, headers):
    before = repr(headers)
    structlog.get_logger("nested").info("x", headers=headers)
    (line,) = lines()
    assert "t4" not in str(line)
    assert "***" in str(line)
    assert "text/html" in str(line)
    assert repr(headers) == before


def test_a_circle_and_a_secret_too_deep_to_be_looked_for_are_not_written(lines):
    circle = {"name": "kept"}
    circle["itself"] = circle
    deep = {"token": "t4"}
    for _ in range(20):
        deep = {"inside": deep}
    structlog.get_logger("deep").info("x", circle=circle, deep=deep)
    (line,) = lines()
    assert line["circle"]["itself"]["name"] == "kept"
    assert "t4" not in str(line)


def test_numbers_json_does_not_know_and_odd_objects_do_not_lose_the_line(lines):
    structlog.get_logger("n").info("odd", ratio=math.nan, price=Decimal("1.10"), path=settings.BASE_DIR)
    (line,) = lines()
    assert (line["ratio"], line["price"]) == ("nan", "1.10")


def test_a_lone_surrogate_does_not_lose_the_line():
    """Rendered without a logger: a test runner that passes records on cannot carry it."""
    assert json.loads(render_json(None, "", {"event": "x", "name": "\ud800"}))["name"] == "\ud800"


def test_the_chatter_of_others_is_left_out_and_their_faults_are_kept(lines):
    for name in ("celery.beat", "kombu.connection", "uvicorn.access", "numba.core", "django_celery_beat"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).error("fault")
    assert [line["event"] for line in lines()] == ["fault"] * 5


def test_handlers_that_a_server_gave_its_own_loggers_are_taken_away(lines):
    own = logging.getLogger("uvicorn")
    own.addHandler(logging.StreamHandler())
    own.propagate = False
    configure({"level": "INFO", "format": "json"})
    logging.getLogger("uvicorn.error").error("once")
    assert [line["event"] for line in lines()] == ["once"]


def test_a_louder_desk_silences_the_rest_too(lines):
    configure({"level": "ERROR", "format": "json"})
    logging.getLogger("celery").warning("w")
    structlog.get_logger("q").warning("w")
    assert lines() == []
