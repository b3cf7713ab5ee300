"""`make mutate [ONLY=module]`: which slips in the engine's central modules would no test notice?

Each mutant is tried in a forked child, whose import finds the changed source instead of the file: no file is
ever changed. The tests stop at the first failure; a mutant that runs far too long counts as noticed.
"""

import importlib.abc
import importlib.machinery
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("limits", "breach", "distance", "liquidation", "exact", "pretrade", "plan")
SECONDS = 60
FIRST = {
    "exact": "test_cross_and_isolated", "liquidation": "test_venues", "distance": "test_doubt",
}  # fmt: skip
COMPILED = ("test_vector.py", "test_purity.py")


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module of the engine from changed source."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, self.name, "exec"), module.__dict__)


def is_noticed(name: str, mutant: Mutant) -> bool:
    """In a child: True when some test fails, or it hangs."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.meta_path.insert(0, Changed(f"margin.engine.{name}", mutant.source))
        os._exit(0 if _tests(name) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def _tests(name: str) -> bool:
    """True when all pass: the module's own tests first, the long searches last."""
    tests = ROOT / "tests/engine"
    own = tests / f"{FIRST.get(name, 'test_' + name)}.py"
    quick = [file for file in sorted(tests.glob("test_*.py")) if file.name not in COMPILED]
    chosen = [str(own), *(str(file) for file in quick if file.stem not in {own.stem, "test_oracle"})]
    chosen.append(f"{tests / 'test_oracle.py'}::test_every_decision_and_figure_agrees[0]")
    ini = str(ROOT / "tests/mutation/pytest.ini")
    return pytest.main(["-x", "-c", ini, "--rootdir", str(ROOT), "--confcutdir", str(tests), *chosen]) == 0


def main() -> None:
    total = noticed = 0
    for name in sys.argv[1:] or MODULES:
        source = (ROOT / f"margin/engine/{name}.py").read_text(encoding="utf-8")
        missed = []
        own = list(mutants(source))
        for mutant in own:
            if not is_noticed(name, mutant):
                missed.append(mutant)
                line = source.splitlines()[mutant.line - 1].strip()
                sys.stdout.write(f"  survives  {name}.py:{mutant.line}  {mutant.change}: {line}\n")
                sys.stdout.flush()
        total, noticed = total + len(own), noticed + len(own) - len(missed)
        sys.stdout.write(f"{name}: {len(own) - len(missed)} of {len(own)} noticed\n")
        sys.stdout.flush()
    sys.stdout.write(f"all: {noticed} of {total} noticed, {100 * noticed / max(1, total):.1f} %\n")


if __name__ == "__main__":
    main()
