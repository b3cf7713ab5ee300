#!/usr/bin/env python
"""The door for Django's management commands."""

import os
import sys


def main():
    if sys.version_info < (3, 11):  # noqa: UP036 - that older ones reach this line is the point
        sys.exit("riskdesk: Riskdesk needs Python 3.11 or newer, this is %d.%d." % sys.version_info[:2])  # noqa: UP031
    if sys.argv[1:2] == ["desk"]:  # the launcher starts the database, so it cannot wait for Django
        from riskdesk.stack.desk import main as run_desk

        sys.exit(run_desk(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
    from django.core.management import execute_from_command_line

    from riskdesk.env import BadEnvironment

    try:
        execute_from_command_line(sys.argv)
    except BadEnvironment as error:
        sys.exit(f"riskdesk: {error}")


if __name__ == "__main__":
    main()
