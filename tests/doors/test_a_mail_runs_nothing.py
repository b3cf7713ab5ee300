"""A mail is shown in a frame whose policy allows its own styles and pictures, and nothing else."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from margin.models import Delivery
from tests.conftest import Cast
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db


def test_the_policy_of_a_mails_body_names_only_what_it_needs(cast: Cast, client: Browser) -> None:
    letter = Delivery.objects.create(
        desk=cast.prime, kind="digest", recipient="rita@desk.example", subject="s", text="t", html="<p>t</p>",
        created_at=MONDAY_NOON, due_at=MONDAY_NOON,
    )  # fmt: skip
    client.force_login(cast.rita)
    answer = client.get(reverse("mail_body", args=[letter.message_id]))
    assert answer.status_code == 200
    rules = {rule.strip() for rule in answer.headers["Content-Security-Policy"].split(";") if rule.strip()}
    assert rules == {
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "frame-ancestors 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "sandbox",
    }
