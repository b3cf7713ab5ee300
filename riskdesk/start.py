"""What every long-running process does before its first piece of work.

Takes settings that are loaded; gives nothing. Refuses the start on any check that is an error, so that a
process started without `manage.py` is as strict as one started with it. Never waits for the database:
what cannot be asked yet is reported by /readyz.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.core.checks import ERROR, CheckMessage, run_checks
from django.db import connections

from riskdesk.checks import ROW_CHECKS

WEB_POOL = {"min_size": 1, "max_size": 12, "timeout": 3, "max_idle": 120, "reconnect_timeout": 3}
WEB_STATEMENT_MILLISECONDS = 5_000


def serve_pages() -> None:
    """In the web process, before its first connection: a bounded pool, and no statement that holds up a page.

    Each request of an ASGI server has a thread of its own, so without a pool each would connect anew, and a
    crowd of them would take every connection there is.
    """
    database = connections.settings["default"]
    database["CONN_HEALTH_CHECKS"] = False  # riskdesk.postgres looks better than the pool itself
    options = database["OPTIONS"]
    own = options.get("options", "")
    options["options"] = f"-c statement_timeout={WEB_STATEMENT_MILLISECONDS} {own}".strip()
    options["pool"] = dict(WEB_POOL)


def stop_serving() -> None:
    """Gives the pool's connections back; the server waits for nobody's idle ones."""
    connections["default"].close_pool()  # type: ignore[attr-defined]  # of PostgreSQL alone


def refuse_on_errors(*, tags: Sequence[str] | None = None) -> None:
    """Ends the process with one paragraph an operator can act upon. No tags: every check there is."""
    with ThreadPoolExecutor(
        1
    ) as thread:  # a server imports us inside its event loop, where Django may not ask
        errors = thread.submit(_errors, tags).result()
    if errors:
        sys.stderr.write(
            "\n".join(["riskdesk: not started, because of these faults:", *map(_line, errors), ""])
        )
        raise SystemExit(1)


def _errors(tags: Sequence[str] | None) -> list[CheckMessage]:
    """Of the checks that ask the database only our own: Django's raise where it does not answer."""
    found = run_checks(tags=tags)
    try:
        for check in ROW_CHECKS:
            found += check(databases=["default"])
    finally:
        connections.close_all()
    return [message for message in found if message.is_serious(ERROR)]


def _line(error: CheckMessage) -> str:
    return f"  {error.id}: {error.msg}" + (f"\n      {error.hint}" if error.hint else "")
