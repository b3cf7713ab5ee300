"""Brings the database up to date: migrations, then demo data where the demo is wished for.

Run by the launcher with the owner's URL; safe to run on several hosts at once (an advisory lock).
"""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection

from riskdesk import locks


class Command(BaseCommand):
    help = "Migrate, collect static files in production, and seed the demo if DEMO says so."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [locks.PREPARE])  # ends with this session
        self._say("tables")
        call_command("migrate", interactive=False, verbosity=0)
        if settings.ENV.production:
            self._say("static files")
            call_command("collectstatic", interactive=False, verbosity=0)
        if settings.ENV.demo:
            self._say("demo desk")
            call_command("demo")

    def _say(self, step: str) -> None:
        """At once: a first start takes a minute, and somebody looks on."""
        self.stdout.write(step)
        self.stdout.flush()
