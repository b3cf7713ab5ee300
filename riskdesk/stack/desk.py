"""`manage.py desk`: services, database, children, one ready line, one stop.

Takes the environment (flags override it); gives an exit code. Runs without Django, so that a bad setting
or a missing server is one sentence and not a stack of them.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Mapping
from types import FrameType

from riskdesk.demo_people import NAMES, PASSWORD
from riskdesk.env import BadEnvironment, Environment, read_environment
from riskdesk.refusals import faults
from riskdesk.stack.console import Console
from riskdesk.stack.entrance import demand_entrance
from riskdesk.stack.follow import ParentWatch
from riskdesk.stack.found import announce, withdraw
from riskdesk.stack.lock import FolderLock
from riskdesk.stack.parts import desk_parts
from riskdesk.stack.places import Places, open_places
from riskdesk.stack.ports import LOOPBACK, remembered_port
from riskdesk.stack.prepare import prepare_database
from riskdesk.stack.readiness import Readiness, known_name
from riskdesk.stack.services import bring_up
from riskdesk.stack.supervisor import Supervisor
from riskdesk.stack.trouble import Trouble, explain

FLAGS = {
    "port": "PORT",
    "gate_port": "GATE_PORT",
    "data_dir": "DATA_DIR",
    "database_url": "DATABASE_URL",
    "redis_url": "REDIS_URL",
    "demo": "DEMO",
}
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
SAY_WHY_EVERY_SECONDS = 15.0
HOPELESS_FAILURES = 5


class StopAsked(BaseException):
    """INT, TERM or HUP arrived; raised wherever the main thread is, caught at the door."""


def main(arguments: list[str]) -> int:
    """Run the desk until told to stop."""
    flags = _parser().parse_args(arguments)
    given = {name: value for flag, name in FLAGS.items() if (value := getattr(flags, flag)) is not None}
    environment = {**os.environ, **given}
    watch = ParentWatch() if flags.follow_parent else None
    _on_stop_signals(_ask_to_stop)
    try:
        run_desk(environment, watch)
    except (Trouble, BadEnvironment) as trouble:
        print(f"riskdesk: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"riskdesk: {explain(error, doing='starting the desk')}", file=sys.stderr)
        return 1
    except StopAsked:
        return 0
    return 0


def run_desk(environment: Mapping[str, str], watch: ParentWatch | None) -> None:
    """See that the ports are free, take the folder, start everything; stop everything on the way out."""
    chosen = read_environment(environment)
    if refused := [fault for fault in faults(chosen) if fault.refuses]:
        raise Trouble(
            "not safe for production:" + "".join(f"\n  {f.id}: {f.message} {f.hint}" for f in refused)
        )
    if chosen.demo and chosen.host not in LOOPBACK_HOSTS:
        raise Trouble(
            f"The demo's people have a known password, so HOST={chosen.host} is refused with them: "
            "use DEMO=0, or HOST=127.0.0.1."
        )
    demand_entrance(chosen, command="make run" if watch else "python manage.py desk")
    places = open_places(chosen.data_dir)
    lock = FolderLock(places.data)
    try:
        _run_supervised(chosen, places, lock, environment, watch)
    finally:
        lock.release()


def _run_supervised(
    chosen: Environment,
    places: Places,
    lock: FolderLock,
    environment: Mapping[str, str],
    watch: ParentWatch | None,
) -> None:
    console = Console()
    supervisor = Supervisor(console, lock_descriptors=[lock.descriptor])
    try:
        _start_all(supervisor, chosen, places, environment)
        _attend(supervisor, chosen, places, watch)
    finally:
        _on_stop_signals(lambda number, frame: setattr(supervisor, "hurried", True))
        console.say("desk", "stopping")
        withdraw(places.data)
        supervisor.stop()
        console.say("desk", "stopped")
        console.drain()


def _start_all(
    supervisor: Supervisor, chosen: Environment, places: Places, environment: Mapping[str, str]
) -> None:
    services = bring_up(supervisor, places, environment)
    own = {**services.variables, **_own_variables(chosen, places, environment)}
    announce(places.data, own)
    variables = {**environment, **own}
    prepare_database(supervisor, places, services, variables, demo=chosen.demo)
    (places.data / "heartbeats").mkdir(mode=0o700, exist_ok=True)
    for part in desk_parts(chosen, places, variables):
        supervisor.start(part)


def _own_variables(chosen: Environment, places: Places, environment: Mapping[str, str]) -> dict[str, str]:
    """What a child needs beside the services and the environment does not say."""
    own = {"DATA_DIR": str(places.data), "PYTHONUNBUFFERED": "1", "DEMO": "1" if chosen.demo else "0"}
    asked = {name for name, value in environment.items() if value.strip()}  # blank means unset
    if sys.stdout.isatty():  # somebody reads along: nothing may sweep the ready line away while all is well
        own |= {n: v for n, v in (("LOG_FORMAT", "console"), ("LOG_LEVEL", "WARNING")) if n not in asked}
    if not chosen.production and not ({"SECRET_KEY", "SECRET_KEY_FILE"} & asked):
        own["SECRET_KEY"] = places.secret("secret_key")
    if chosen.demo and not ({"EMAIL_HOST", "EMAIL_PORT"} & asked):
        own |= {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(remembered_port(places.data, "mail"))}
    return own


def _attend(supervisor: Supervisor, chosen: Environment, places: Places, watch: ParentWatch | None) -> None:
    """Turn the loop for as long as we are wanted; say once that the desk is ready, till then why not."""
    host = LOOPBACK if chosen.host in ("0.0.0.0", "localhost") else chosen.host  # noqa: S104
    shown = f"[{host}]" if ":" in host else host
    readiness = Readiness(
        host=host,
        port=chosen.port,
        name=known_name(chosen.allowed_hosts),
        heartbeat=places.data / "heartbeats" / "web",
    )
    announced, say_why_at = False, time.monotonic() + SAY_WHY_EVERY_SECONDS
    while watch is None or not watch.wants_us_stopped():
        supervisor.turn()
        if announced:
            continue
        if readiness.is_ready:
            announced = True
            _say_ready(supervisor.console, f"http://{shown}:{chosen.port}/", demo=chosen.demo)
            continue
        _give_up_on_the_hopeless(supervisor)
        if time.monotonic() > say_why_at:
            say_why_at += SAY_WHY_EVERY_SECONDS
            supervisor.console.say("desk", f"not ready yet: {readiness.reason}")


def _give_up_on_the_hopeless(supervisor: Supervisor) -> None:
    for name, failures in supervisor.failures.items():
        if failures >= HOPELESS_FAILURES:
            raise Trouble(
                f"'{name}' ended {failures} times before the desk was ready; its reason stands above."
            )


def _say_ready(console: Console, address: str, *, demo: bool) -> None:
    console.plain(f"Riskdesk is ready: {address}")
    if demo:
        *others, last = NAMES
        console.plain(
            f"Sign in as {', '.join(others)} or {last} with the password {PASSWORD}. Ctrl-C stops it."
        )
    else:
        console.plain(
            "The first people are made by: python manage.py createsuperuser, their desk by: found_desk. "
            "Ctrl-C stops the desk."
        )


def _ask_to_stop(number: int, frame: FrameType | None) -> None:
    raise StopAsked


def _on_stop_signals(handler: "signal._HANDLER") -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            signal.signal(number, handler)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py desk", description="Run the whole desk until Ctrl-C.")
    for flag, name in FLAGS.items():
        parser.add_argument(f"--{flag.replace('_', '-')}", help=f"instead of the variable {name}")
    parser.add_argument("--follow-parent", action="store_true", help="stop when the starting process ends")
    return parser
