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
