"""manage.py mail_room: the demo's SMTP server, on loopback at EMAIL_PORT, until it is told to stop."""

import asyncio
import signal
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from margin.notify.mail_room import open_mail_room


class Command(BaseCommand):
    help = "Take the desk's mails on EMAIL_HOST:EMAIL_PORT and show them at /mail/ (demo only)."

    def handle(self, *arguments: Any, **options: Any) -> None:
        environment = settings.ENV
        if not environment.demo:
            raise CommandError(
                "The mail room is for the demo: set DEMO=1, or EMAIL_HOST to your mail server."
            )
        if not is_loopback(environment.email_host):
            raise CommandError(
                f"EMAIL_HOST={environment.email_host} is not this machine: the mail room stays home."
            )
        try:
            asyncio.run(self.serve(environment.email_host, environment.email_port))
        except OSError as error:
            raise CommandError(
                f"Port {environment.email_port} is not free ({error.strerror}): set EMAIL_PORT to a free one."
            ) from error

    async def serve(self, host: str, port: int) -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with open_mail_room(host, port) as taken:
            self.stdout.write(f"The mail room listens on {host}:{taken}")
            self.stdout.flush()
            await stopping.wait()


def is_loopback(host: str) -> bool:
    """Whether mail to this host stays on this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
