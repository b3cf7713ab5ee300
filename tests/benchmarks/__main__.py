"""`make bench [ONLY=group]`: one table, and bench.json in the data folder."""

import json
import os
import platform
import sys
from pathlib import Path

import django

GROUPS = {
    "demo": "cycle",
    "cycle": "large_cycle",
    "revalue": "engine",
    "tick": "engine",
    "scenarios": "engine",
    "liquidation": "engine",
    "memory": "engine",
    "line": "engine",
    "start": "engine",
    "gate": "gate",
}
"""Each group is a function of its name in this module of `tests.benchmarks`."""


def main() -> None:
    """Run the groups asked for in a database of their own, and say what they measured."""
    wanted = sys.argv[1:] or list(GROUPS)
    if unknown := sorted(set(wanted) - set(GROUPS)):
        sys.exit(f"There is no benchmark group {', '.join(unknown)}; there are: {', '.join(GROUPS)}.")
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
    django.setup()
    from importlib import import_module

    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    results = {}
    for group in wanted:
        measure = getattr(import_module(f"tests.benchmarks.{GROUPS[group]}"), group)
        for name, one in measure().items():
            results[name] = one
            sys.stdout.write(f"{name:36} {one['value']:>18,} {one['unit']}\n")
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    file = Path(os.environ.get("BENCH_FILE", "bench.json"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"machine": machine, "results": results}, indent=2) + "\n")
    sys.stdout.write(f"written to {file}\n")


if __name__ == "__main__":
    main()
