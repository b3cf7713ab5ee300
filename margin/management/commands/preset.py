"""`manage.py preset retail_eu --desk RETAIL --as ada`: the caps of a regulation, each as a proposal."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Desk, User
from margin.flow.presets import PRESETS, load_preset
from riskdesk import clock


class Command(BaseCommand):
    help = "Propose the caps of a regulation on a desk, in a person's name. Somebody else approves each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("preset", choices=sorted(PRESETS))
        parser.add_argument("--desk", required=True)
        parser.add_argument("--as", required=True, dest="person", metavar="USER", help="who proposes")

    def handle(self, *args: Any, **options: Any) -> None:
        desk = Desk.objects.filter(code=options["desk"]).first()
        person = User.objects.filter(username=options["person"]).first()
        if desk is None or person is None:
            raise CommandError("There is no such desk or person.")
        loaded = load_preset(preset=PRESETS[options["preset"]], desk=desk, person=person, now=clock.now())
        if isinstance(loaded, list):
            raise CommandError("Nothing was proposed. " + " ".join(refusal.message for refusal in loaded))
        self.stdout.write(f"{len(loaded.made)} proposed, {loaded.kept} in force or waiting already.")
