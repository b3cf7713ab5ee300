"""python -m riskdesk.stack exec [--data FOLDER] -- COMMAND ..."""

import argparse
import os
import sys
from pathlib import Path

from riskdesk.stack.execute import execute
from riskdesk.stack.trouble import Trouble, explain


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m riskdesk.stack", description=__doc__)
    commands = parser.add_subparsers(dest="verb", required=True)
    run = commands.add_parser("exec", help="run a command with PostgreSQL and Valkey around it")
    run.add_argument("--data", type=Path, help="keep the data in this folder (default: a temporary one)")
    run.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    if not command:
        parser.error("name a command after --")
    try:
        return execute(command, data_folder=chosen.data, environment=os.environ)
    except Trouble as trouble:
        print(f"riskdesk: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"riskdesk: {explain(error, doing='starting the services')}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
