"""The table of the desk's own processes.

Takes the choices of this start and the variables of its services; gives the parts to supervise. To add a
process, add a row here and a service in compose.yaml, where each part is started with the same options.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from riskdesk.env import Environment
from riskdesk.stack.child import Part
from riskdesk.stack.places import Places
from riskdesk.workers import GENERAL, RISK

ROOT = Path(__file__).resolve().parents[2]
HEARTBEAT = "RISKDESK_HEARTBEAT"
PYTHON = sys.executable
# Celery repeats its advice about root to every worker at every start; the docs give it once.
QUIET_ROOT = "ignore:You're running the worker with superuser privileges"
# Celery says these at every stop, to a person at a terminal of its own; here they would look like a fault.
CELERYS_ADVICE = ("worker: Hitting Ctrl+C again", "worker: Warm shutdown", "worker: Cold shutdown")
MANAGE = (PYTHON, str(ROOT / "manage.py"))


def desk_parts(chosen: Environment, places: Places, variables: Mapping[str, str]) -> list[Part]:
    """Every child, the ones the first page waits for in front."""
    rows = [
        ("web", _server("riskdesk.asgi:application", chosen.host, chosen.port), True),
        (RISK.queue, _worker(RISK.queue), True),
        ("gate", _server("margin.gate.serve:application", chosen.host, chosen.gate_port), False),
        (GENERAL.queue, _worker(GENERAL.queue), True),
        ("beat", _celery("beat", "--pidfile="), True),
    ]
    if chosen.demo:
        rows += [
            ("feed", [*MANAGE, "demo_feed"], False),
            ("mail", [*MANAGE, "mail_room"], False),
        ]
    return [_part(name, command, places, variables, beats=beats) for name, command, beats in rows]


def _part(
    name: str, command: list[str], places: Places, variables: Mapping[str, str], *, beats: bool
) -> Part:
    heartbeat = places.data / "heartbeats" / name if beats else None
    beat = {HEARTBEAT: str(heartbeat)} if heartbeat else {}
    warnings = ",".join(filter(None, (variables.get("PYTHONWARNINGS"), QUIET_ROOT)))
    return Part(
        name=name,
        command=command,
        environment={**variables, **beat, "PYTHONWARNINGS": warnings},
        folder=ROOT,
        heartbeat=heartbeat,
        shows=lambda line: not line.startswith(CELERYS_ADVICE),
    )


def _server(application: str, host: str, port: int) -> list[str]:
    """Sockets without per-message deflate and with small frames; no trust in forwarded headers here."""
    return [
        *(PYTHON, "-m", "uvicorn", application, "--host", host, "--port", str(port)),
        *("--ws", "websockets-sansio", "--ws-max-size", "65536", "--ws-per-message-deflate", "false"),
        *("--no-proxy-headers", "--no-server-header", "--no-access-log", "--log-level", "warning"),
        *("--timeout-graceful-shutdown", "3"),
    ]


def _worker(queue: str) -> list[str]:
    """How many processes, and when one is replaced, follows from the queue: see riskdesk.workers."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return _celery("worker", "-Q", queue, "-n", f"{queue}@%h", *quiet)


def _celery(verb: str, *options: str) -> list[str]:
    return [PYTHON, "-m", "celery", "-A", "riskdesk", "--quiet", verb, "--loglevel", "INFO", *options]
