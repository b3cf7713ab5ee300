from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Who and what they own"

    def ready(self) -> None:
        from accounts import receivers  # noqa: F401 - connects what the sign-in libraries say
