"""`manage.py replay RUN`: computes a stored run again from its pinned inputs and compares."""

import re
import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from margin.book.version import engine_version
from margin.flow.replay import Replayed, replay
from margin.models import Run

DIFFERS, REFUSED, ANOTHER_ENGINE = 1, 2, 3
MOST_SHOWN = 200
BEGINNING = re.compile("[0-9a-f]{8,32}")


class Command(BaseCommand):
    help = (
        "Compute a stored run again from its pinned inputs and compare. Ends with 0: same figures; "
        "1: other figures under the same engine; 2: no such run; 3: other figures, another engine."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="The id of a committed run, or its first 8 characters or more.")

    def handle(self, *args: Any, **options: Any) -> None:
        found = replay(_run(options["run"]))
        self._say(found)
        if not found.same:
            sys.exit(DIFFERS if found.same_engine else ANOTHER_ENGINE)

    def _say(self, found: Replayed) -> None:
        run = found.run
        self.stdout.write(f"run {run.pk}, shard {run.shard_id}, number {run.seq}, figures of {run.at}")
        self.stdout.write(f"engine {run.engine_version} then, {engine_version()} now")
        self.stdout.write(f"digest {run.figures_digest} then")
        self.stdout.write(f"digest {found.digest} now: {'the same' if found.same else 'NOT THE SAME'}")
        for one in found.differences[:MOST_SHOWN]:
            self.stdout.write(f"{one.place}, {one.figure}: {one.then} then, {one.now} now")
        if len(found.differences) > MOST_SHOWN:
            self.stdout.write(f"and {len(found.differences) - MOST_SHOWN} more differences")
        if not found.same and not found.differences:
            self.stdout.write("The run's desk sums are the same; it kept no rows to compare one by one.")


def _run(text: str) -> Run:
    run = _found(text)
    if run.state != Run.State.COMMITTED:
        raise CommandError(
            f"Run {text} is {run.state}: only a committed run has figures.", returncode=REFUSED
        )
    return run


def _found(text: str) -> Run:
    """The run whose id begins so; pages print the first eight characters."""
    digits = text.replace("-", "").lower()
    if not BEGINNING.fullmatch(digits):
        raise CommandError(f"{text!r} is no id of a run, nor the beginning of one.", returncode=REFUSED)
    first, last = (UUID(digits.ljust(32, end)) for end in "0f")
    runs = Run.objects.filter(pk__range=(first, last))[:2]
    if not runs:
        raise CommandError(f"There is no run {text}: it never was, or has had its time.", returncode=REFUSED)
    if len(runs) > 1:
        raise CommandError(f"The ids of several runs begin with {text}: name more of it.", returncode=REFUSED)
    return runs[0]
