"""`manage.py found_desk CODE --name … --zone … --currency … --admins ANN BOB`: a desk and two roles."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from margin.flow.founding import Particulars, found_desk
from riskdesk import clock


class Command(BaseCommand):
    help = (
        "Make a desk with two administrators. Refuses once the desk has had a role: then two people propose."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="2 to 32 of A-Z, 0-9, dot and dash; fixed from then on")
        parser.add_argument("--name", required=True)
        parser.add_argument("--zone", required=True, help="IANA time zone, such as Europe/London")
        parser.add_argument("--currency", required=True, help="what it reports in; made where it is missing")
        parser.add_argument(
            "--admins", required=True, nargs=2, metavar=("ANN", "BOB"), help="two different sign-in names"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        said = Particulars(options["code"], options["name"], options["zone"], options["currency"])
        answer = found_desk(said=said, admins=options["admins"], now=clock.now())
        if isinstance(answer, list):
            raise CommandError("Nothing was made. " + " ".join(refusal.message for refusal in answer))
        both = " and ".join(options["admins"])
        self.stdout.write(f"{answer.code} stands; {both} administer it. Every further role takes both.")
