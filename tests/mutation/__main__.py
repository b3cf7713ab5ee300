"""`make mutate [ONLY=modules]`: which slips in the engine's modules would no test notice?

Each mutant is tried in a forked child, whose import finds the changed source instead of the file: no file is
ever changed. The tests stop at the first failure; a mutant that runs far too long counts as noticed. Of a
module with more than MOST mutants (all unless told) that many are drawn, always the same ones.
"""

import importlib.abc
import importlib.machinery
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import hypothesis  # noqa: F401  (loaded once here, not in every child)
import numpy  # noqa: F401
import pytest

from tests.mutation.covering import MODULES, tests_of
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.survivors import reason_of

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
SEED = 1
INI = ["-x", "-c", str(ROOT / "tests/mutation/pytest.ini"), "--rootdir", str(ROOT)]


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module of the engine from changed source."""

    def __init__(self, name: str, source: str) -> None:
        self.name, self.source = name, source

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        return importlib.machinery.ModuleSpec(name, self) if name == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.source, self.name, "exec"), module.__dict__)


def is_noticed(name: str, source: str) -> bool:
    """In a child: True when some test fails, or it hangs."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        sys.meta_path.insert(0, Changed(f"margin.engine.{name}", source))
        os._exit(0 if _tests(name) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0


def _tests(name: str) -> bool:
    """True when all pass: the module's own tests first, the long searches last."""
    tests = ROOT / "tests/engine"
    options = [*INI, "--confcutdir", str(tests)]
    return all(
        pytest.main([*options, *(str(tests / file) for file in files)]) == 0 for files in tests_of(name)
    )


def _drawn(source: str) -> list[Mutant]:
    """All mutants, or as many as MOST allows, by a fixed seed."""
    own = list(mutants(source))
    most = int(os.environ.get("MOST") or len(own))
    return sorted(random.Random(SEED).sample(own, min(most, len(own))), key=lambda mutant: mutant.line)


def _survivors(name: str, source: str, drawn: list[Mutant]) -> Iterator[Mutant]:
    lines = source.splitlines()
    for mutant in drawn:
        if not is_noticed(name, mutant.source):
            line = lines[mutant.line - 1].strip()
            why = reason_of(name, line, mutant.change)
            _say(
                f"  survives  {name}.py:{mutant.line}  {mutant.change}: {line}  ({why or 'NO TEST NOTICES'})"
            )
            yield mutant


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    os.environ.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", HYPOTHESIS_PROFILE="mutate")
    total = noticed = 0
    for name in sys.argv[1:] or MODULES:
        source = (ROOT / f"margin/engine/{name}.py").read_text(encoding="utf-8")
        if not is_noticed(name, "raise SystemExit") or is_noticed(name, source):
            raise SystemExit(f"{name}: its tests do not pass unchanged, or do not load it")
        drawn = _drawn(source)
        missed = list(_survivors(name, source, drawn))
        total, noticed = total + len(drawn), noticed + len(drawn) - len(missed)
        _say(f"{name}: {len(drawn) - len(missed)} of {len(drawn)} noticed")
    _say(f"all: {noticed} of {total} noticed, {100 * noticed / max(1, total):.1f} %")


if __name__ == "__main__":
    main()
