from django.apps import AppConfig


class RiskdeskConfig(AppConfig):
    name = "riskdesk"
