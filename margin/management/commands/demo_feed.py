"""`manage.py demo_feed`: walks the demo's prices until it is stopped."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from margin.demo.feed import run
from riskdesk.settings import ENV


class Command(BaseCommand):
    help = "Send the demo's walking prices, once a second, until SIGTERM or SIGINT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--quiet", type=int, default=ENV.demo_quiet_seconds, metavar="SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        stopped: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda got, _frame: stopped.append(got))
        run(seed=options["seed"], quiet_seconds=options["quiet"], keep_going=lambda: not stopped)
