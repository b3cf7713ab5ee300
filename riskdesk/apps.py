"""Django's hook into the project: the checks, the Celery application, and what a database starts with."""

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class RiskdeskConfig(AppConfig):
    name = "riskdesk"

    def ready(self) -> None:
        from riskdesk import celery, checks, request_log  # noqa: F401 - importing registers them

        request_log.connect()
        post_migrate.connect(seed, sender=apps.get_app_config("django_celery_beat"))


def seed(**_: Any) -> None:
    """After migrations: the shards that SHARDS asks for, and a clock for them.

    The clock does the same at each of its starts, for a database that needs no migration.
    """
    from riskdesk.schedule import seed_clock, seed_shards, tables_stand

    if tables_stand():
        seed_shards()
        seed_clock()
