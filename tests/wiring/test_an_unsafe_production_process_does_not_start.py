"""Not only `check`: web, worker and clock refuse too, with one paragraph and an exit code."""

import pytest

from tests.wiring.production import GOOD, run

DOORS = {
    "desk": ("manage.py", "desk"),
    "check": ("manage.py", "check"),
    "asgi": ("-c", "import riskdesk.asgi"),
    "wsgi": ("-c", "import riskdesk.wsgi"),
    "gate": ("-c", "import margin.gate.serve"),
    "worker": ("-m", "celery", "-A", "riskdesk", "worker", "-Q", "general", "--pool", "solo"),
    "beat": ("-m", "celery", "-A", "riskdesk", "beat", "--pidfile="),
}


@pytest.mark.parametrize("door", DOORS)
def test_a_process_with_debug_on_in_production_ends_and_says_why(door):
    ended = run(*DOORS[door], environment={**GOOD, "DEBUG": "1"})
    assert ended.returncode == 1
    assert "riskdesk.E001" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_same_door_opens_for_sound_settings():
    ended = run(*DOORS["asgi"], environment=GOOD)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_variable_holding_nonsense_is_one_sentence_at_the_command_line():
    ended = run("manage.py", "check", environment={"PORT": "http"})
    assert ended.returncode == 1
    assert "PORT='http' must be a whole number" in ended.stderr
