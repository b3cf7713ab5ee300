"""`manage.py cycle`: run one cycle by hand, or let a parked shard go on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from margin.flow.cycle import run_cycle
from margin.flow.parking import unpark
from margin.flow.wanted import all_shards


class Command(BaseCommand):
    help = "Run one cycle of each shard now; with --unpark, let parked shards go on first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shard", type=int, help="Only this one.")
        parser.add_argument("--unpark", action="store_true", help="A person has looked: try again.")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = options["shard"]
        shards = all_shards()
        if wanted is not None and wanted not in shards:
            raise CommandError(f"There is no shard {wanted}: the shards are {', '.join(map(str, shards))}.")
        for shard in shards if wanted is None else [wanted]:
            if options["unpark"] and unpark(shard):
                self.stdout.write(f"shard {shard}: let go on")
            outcome = run_cycle(shard=shard, trigger="by hand")
            self.stdout.write(f"shard {shard}: {outcome.state} {outcome.run} {outcome.seq or ''}".rstrip())
