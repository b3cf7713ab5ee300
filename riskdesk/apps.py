"""Django's hook into the project: registers the checks."""

from django.apps import AppConfig


class RiskdeskConfig(AppConfig):
    name = "riskdesk"

    def ready(self) -> None:
        from riskdesk import checks  # noqa: F401 - importing registers them
