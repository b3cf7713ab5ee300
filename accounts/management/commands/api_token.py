"""manage.py api_token USER --name NAME [--scope SCOPE]...: a new token, alone on stdout, shown once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import ApiToken, User
from accounts.tokens import DEFAULT_DAYS, MOST_DAYS, issue, revoke
from riskdesk.errors import Refusal

OPERATOR = "operator"


class Command(BaseCommand):
    help = "Print a new API token for a person, once, and nothing else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="sign-in name of the person it acts for")
        parser.add_argument("--name", required=True, help="what the token is for")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            dest="scopes",
            help="narrows it: read:DESK, positions:DESK, prices:SOURCE … (repeat for more)",
        )
        parser.add_argument("--days", type=int, default=DEFAULT_DAYS, help="until it expires (0: never)")
        parser.add_argument("--revoke", action="store_true", help="end the token of that name instead")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["user"]
        person = User.objects.filter(username=name).first() if name.isprintable() else None
        if person is None:
            raise CommandError(f"There is nobody with the sign-in name {name}.")
        if options["revoke"]:
            self._revoke(person, options["name"])
            return
        if not 0 <= options["days"] <= MOST_DAYS:
            raise CommandError(f"--days must be 0 (never expires) to {MOST_DAYS}.")
        answer = issue(
            person=person,
            name=options["name"],
            scopes=options["scopes"],
            days=options["days"] or None,
            by=OPERATOR,
        )
        if isinstance(answer, Refusal):
            raise CommandError(answer.message)
        self.stdout.write(answer.secret)

    def _revoke(self, person: User, name: str) -> None:
        token = ApiToken.objects.filter(user=person, name=name, revoked_at__isnull=True).first()
        if token is None:
            raise CommandError(f"{person} has no living token named {name}.")
        revoke(token=token, by=OPERATOR, reason="by command")
