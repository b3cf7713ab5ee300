"""Ports: free ones for the embedded services, and who has a busy one."""

import errno
import json
import random
import socket
from collections.abc import Container
from pathlib import Path

from riskdesk.stack.places import write_private
from riskdesk.stack.trouble import Trouble

LOOPBACK = "127.0.0.1"
LOWEST_PICKED, MOST_TRIED = 20_000, 100
HIGHEST, STEP = 65_535, 100
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int, *, host: str = LOOPBACK) -> bool:
    """Can a server listen there? (SO_REUSEADDR: connections lingering from a former one don't count.)"""
    with socket.socket(_family(host)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def pick_free(*, but: Container[int] = ()) -> int:
    """Where the kernel says which ports it gives to outgoing connections, one below them: it would give a
    connection the port of a service that is not there yet, or away for a moment."""
    given = int(OUTGOING.read_text().split()[0]) if OUTGOING.exists() else LOWEST_PICKED
    below = range(LOWEST_PICKED, given)
    for port in random.SystemRandom().sample(below, min(len(below), MOST_TRIED)):
        if port not in but and is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def remembered_port(folder: Path, service: str) -> int:
    """The service's port of last time if it is still free, else a new one, remembered."""
    path = folder / "ports.json"
    ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    if service not in ports or not is_free(ports[service]):
        ports[service] = pick_free(but=ports.values())  # theirs may be free only because they start later
        write_private(path, json.dumps(ports))
    return ports[service]


def is_taken(port: int, *, host: str, variable: str) -> bool:
    """Does another program listen there? A port that nobody could have is refused with the reason."""
    try:
        with socket.create_server((host, port), family=_family(host)):
            return False
    except PermissionError as error:
        raise Trouble(
            f"Port {port} is reserved for root: choose one above 1023 with {variable}=..."
        ) from error
    except socket.gaierror as error:
        raise Trouble(f"HOST={host} is not an address of this machine: use 127.0.0.1.") from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise Trouble(f"HOST={host} is not an address of this machine: use 127.0.0.1.") from error
        return True


def free_above(port: int, *, host: str) -> int:
    """A port to recommend: hundreds above, so that pairs stay pairs; anywhere else where none is free."""
    above = range(port + STEP, HIGHEST + 1, STEP)
    return next((one for one in above if is_free(one, host=host)), None) or pick_free()


def listener(port: int) -> str | None:
    """The process listening on the port, from /proc; None where it cannot be seen."""
    wanted = _listening_inode(port)
    if wanted is None:
        return None
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(link.readlink()) == f"socket:[{wanted}]":
                process = link.parent.parent
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue
    return None


def _listening_inode(port: int) -> str | None:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for row in table.read_text().splitlines()[1:]:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                return fields[9]
    return None
