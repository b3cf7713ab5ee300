"""What a page shows to somebody, and that it is not there for others."""

from django.test import Client

from accounts.models import Role, User
from tests import factories

BACKEND = "django.contrib.auth.backends.ModelBackend"


def seen_by(person: User, client: Client, path: str) -> str:
    """The page, which is there for this person."""
    client.force_login(person, BACKEND)
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def does_not_exist_on_another_desk(client: Client, *paths: str) -> bool:
    otto = factories.person("otto")
    factories.grant(otto, factories.desk("RETAIL"), Role.RISK_MANAGER)
    client.force_login(otto, BACKEND)
    return {client.get(path).status_code for path in paths} == {404}
