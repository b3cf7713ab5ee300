"""The name `desk` in `manage.py help`; manage.py hands the word to `riskdesk.stack` before Django boots."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from riskdesk.stack.desk import main


class Command(BaseCommand):
    help = "Run the whole desk: services, web, gate, workers, beat; in demo also prices and the mail room."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(main(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(main([]))
