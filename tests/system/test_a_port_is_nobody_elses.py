"""The port of a service stays its own while it is away: no outgoing connection is given it."""

import socket
from pathlib import Path

import pytest

from riskdesk.stack import ports

pytestmark = pytest.mark.system


def test_it_lies_below_those_of_outgoing_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "OUTGOING", tmp_path / "range")
    ports.OUTGOING.write_text("20010\t60999\n")
    assert {ports.pick_free() for _ in range(20)} <= set(range(20_000, 20_010))


@pytest.mark.parametrize("said", [None, "1024 65535"], ids=["unsaid", "all of them"])
def test_where_there_is_none_below_any_free_one_will_do(
    said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "OUTGOING", tmp_path / "range")
    if said:
        ports.OUTGOING.write_text(said)
    assert ports.is_free(ports.pick_free())


def test_one_that_somebody_has_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = ports.pick_free()
    with socket.create_server((ports.LOOPBACK, taken)):
        monkeypatch.setattr(ports, "OUTGOING", tmp_path / "range")
        monkeypatch.setattr(ports, "LOWEST_PICKED", taken)
        ports.OUTGOING.write_text(f"{taken + 1} 60999")
        assert ports.pick_free() != taken


def test_no_two_services_are_given_one_before_either_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "OUTGOING", tmp_path / "range")
    monkeypatch.setattr(ports, "is_free", lambda port: True)
    ports.OUTGOING.write_text("20010 60999")
    names = [f"service {number}" for number in range(10)]
    assert {ports.remembered_port(tmp_path, name) for name in names} == set(range(20_000, 20_010))
