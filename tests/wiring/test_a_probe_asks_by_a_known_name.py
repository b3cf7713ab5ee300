"""A container's probe speaks to web by a name that web answers to."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from riskdesk.stack.probe import probe
from riskdesk.stack.readiness import known_name


class Web(BaseHTTPRequestHandler):
    """Answers to one name only, as Django does."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Host"] == "desk.riskhouse.test" else 400)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_probe_finds_a_process_that_answers(web, monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "desk.riskhouse.test")
    assert probe(web.server_port) == ""


def test_the_probe_tells_a_refusal_from_silence(web, monkeypatch):
    monkeypatch.setenv("ALLOWED_HOSTS", "other.test")
    assert "answers 400" in probe(web.server_port)


def test_silence_is_told(monkeypatch):
    with HTTPServer(("127.0.0.1", 0), Web) as server:
        port = server.server_port
    assert "does not answer" in probe(port)


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        (["desk.test", "b.test"], "desk.test"),
        ([".desk.test"], "desk.test"),
        (["*"], "127.0.0.1"),
        (["desk.test", "127.0.0.1"], "127.0.0.1"),
        ([], "127.0.0.1"),
    ],
)
def test_the_name_is_one_that_is_allowed(allowed, name):
    assert known_name(allowed) == name
