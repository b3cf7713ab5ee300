"""`manage.py demo`: makes the demo desk."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from margin.demo.crowd import SIZES
from margin.demo.seed import RealClients, seed_demo
from riskdesk import clock
from riskdesk.settings import ENV


class Command(BaseCommand):
    help = "Make a believable desk of invented clients. Refuses on a database that holds real ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--size", choices=sorted(SIZES), default="demo")
        parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same desk")

    def handle(self, *args: Any, **options: Any) -> None:
        if ENV.production:
            raise CommandError("Production holds no demo people: the demo desk is refused.")
        try:
            made = seed_demo(size=options["size"], seed=options["seed"], now=clock.now())
        except RealClients as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The demo desk is made." if made else "The demo desk stands already.")
