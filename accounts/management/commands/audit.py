"""manage.py audit verify | seal: is the record of deeds whole; seal what waits."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.seals import seal_committed
from accounts.verify import verify


class Command(BaseCommand):
    help = "Check the audit chain and name the first bad row, or seal what waits."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["verify", "seal"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "seal":
            self.stdout.write(f"Sealed {seal_committed(most=1_000_000)} rows.")
            return
        found = verify()
        if found.bad:
            raise CommandError(f"The audit chain is broken: {found.bad}.")
        rows = "row" if found.sealed == 1 else "rows"
        self.stdout.write(f"The audit chain holds: {found.sealed} {rows} sealed, {found.waiting} waiting.")
        if not found.checkpoints:
            self.stdout.write(
                "No checkpoint lies in this data folder: rows cut off the end would not be missed."
            )
