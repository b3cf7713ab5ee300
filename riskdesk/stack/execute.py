"""`exec -- COMMAND`: services around one command.

Starts PostgreSQL and Valkey (in a temporary folder, or on the data folder given), sets their URLs, runs
the command in our own terminal, stops everything, gives back the command's exit code.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from riskdesk.stack.console import Console
from riskdesk.stack.death import death_hook, marked
from riskdesk.stack.lock import FolderLock
from riskdesk.stack.places import Places, open_places, remove_places
from riskdesk.stack.services import bring_up
from riskdesk.stack.supervisor import Supervisor
from riskdesk.stack.trouble import Trouble


def execute(command: Sequence[str], *, data_folder: Path | None, environment: Mapping[str, str]) -> int:
    """Run the command with services around it."""
    temporary = data_folder is None
    folder = data_folder if data_folder is not None else Path(tempfile.mkdtemp(prefix="riskdesk-"))
    if temporary and os.geteuid() == 0:
        folder.chmod(0o711)  # ours, made just now: the database account passes through, and lists nothing
    places = open_places(folder)
    try:
        return _with_services(command, places, environment, temporary=temporary)
    finally:
        if temporary:
            remove_places(places)


def _with_services(
    command: Sequence[str], places: Places, environment: Mapping[str, str], *, temporary: bool
) -> int:
    lock = FolderLock(places.data)
    console = Console(sys.stderr.fileno(), shows_output=False)
    supervisor = Supervisor(console, lock_descriptors=[lock.descriptor])
    stopping = _on_signals()
    try:
        services = bring_up(supervisor, places, environment, temporary=temporary)
        variables = {**environment, **services.variables, "DATA_DIR": str(places.data)}
        return _attend(_run(command, marked(variables, supervisor.mark)), supervisor, stopping)
    finally:
        supervisor.stop()
        lock.release()


def _run(command: Sequence[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=environment, preexec_fn=death_hook(signal.SIGKILL))
    except FileNotFoundError as error:
        raise Trouble(f"There is no command '{command[0]}' to run.") from error
    except PermissionError as error:
        raise Trouble(f"'{command[0]}' is not a program that may be run.") from error


def _attend(process: subprocess.Popen[bytes], supervisor: Supervisor, stopping: list[int]) -> int:
    """Keep the services alive until the command ends; a stop signal is passed on to it once."""
    while process.poll() is None:
        supervisor.turn()
        while stopping:
            process.send_signal(stopping.pop())
    code = process.returncode
    return code if code >= 0 else 128 - code


def _on_signals() -> list[int]:
    """Ctrl-C reaches the command by the terminal itself; TERM is ours to pass on."""
    received: list[int] = []
    signal.signal(signal.SIGINT, lambda signum, frame: None)  # not SIG_IGN: the command would inherit that
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, frame: received.append(signum))
    return received
