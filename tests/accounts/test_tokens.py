"""A token is shown once, acts for its person within its scopes, and ends."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiToken, AuditEvent
from accounts.tokens import Issued, find, issue, principal_of, revoke
from riskdesk import clock
from riskdesk.errors import Refusal
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def issued(person, name="feed", **options) -> Issued:
    answer = issue(person=person, name=name, **options)
    assert isinstance(answer, Issued), answer
    return answer


def test_the_secret_opens_the_token_and_is_stored_nowhere(cast: Cast):
    answer = issued(cast.rita, scopes=["read:PRIME"])
    found = find(answer.secret)
    assert found == answer.token
    assert principal_of(found).scopes == {"read:PRIME"}
    row = ApiToken.objects.values().get()
    assert all(answer.secret not in str(value) for value in row.values())
    assert row["hint"] == answer.secret[:8]


def test_a_token_expires(cast: Cast):
    secret = issued(cast.rita, days=2).secret
    with clock.pinned(clock.now() + timedelta(days=2, seconds=1)):
        assert find(secret) is None
        assert find(issued(cast.rita, days=2).secret), "an expired token gives its name back"


def test_a_token_ends_when_revoked_or_when_its_person_is_switched_off(cast: Cast):
    first, second = issued(cast.rita, "first"), issued(cast.rita, "second")
    revoke(token=first.token, by=cast.rita)
    assert find(first.secret) is None
    cast.rita.is_active = False
    cast.rita.save()
    assert find(second.secret) is None


@pytest.mark.parametrize("guess", ["", "rdk_", "rdk_wrong", "x" * 10_000, "\udcff", "é"])
def test_a_wrong_secret_opens_nothing(cast: Cast, guess: str):
    issued(cast.rita)
    assert find(guess) is None


@pytest.mark.parametrize(
    ("scope", "rule"),
    [
        ("positions:RETAIL", "not_theirs"),
        ("positions:NOWHERE", "not_theirs"),
        ("limits:PRIME", "not_theirs"),
        ("everything", "unknown"),
        ("prices:", "unknown"),
        ("prices:../x", "unknown"),
        ("metrics:PRIME", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_scope_that_means_nothing_or_is_not_theirs_is_refused(cast: Cast, scope: str, rule: str):
    answer = issue(person=cast.rita, name="feed", scopes=[scope])
    assert isinstance(answer, Refusal)
    assert answer.rule == rule


def test_a_living_name_is_taken_and_a_revoked_one_is_free(cast: Cast):
    first = issued(cast.rita)
    assert issue(person=cast.rita, name="feed").rule == "taken"  # type: ignore[union-attr]
    revoke(token=first.token, by="operator")
    issued(cast.rita)


def test_issuing_and_revoking_are_recorded_without_the_secret(cast: Cast):
    answer = issued(cast.rita)
    revoke(token=answer.token, by=cast.rita)
    revoke(token=answer.token, by=cast.rita)
    events = AuditEvent.objects.filter(subject=f"token:{answer.token.pk}")
    assert sorted(events.values_list("action", flat=True)) == ["token.issued", "token.revoked"]
    assert answer.secret not in str(list(events.values()))


def test_use_is_noted_at_most_once_a_minute(cast: Cast):
    secret, start = issued(cast.rita).secret, clock.now()
    for seconds, noted in [(0, 0), (30, 0), (61, 61)]:
        with clock.pinned(start + timedelta(seconds=seconds)):
            find(secret)
        assert ApiToken.objects.get().last_used_at == start + timedelta(seconds=noted)


def test_the_command_prints_the_token_and_nothing_else(cast: Cast, capsys):
    call_command("api_token", "rita", "--name", "feed", "--scope", "prices:sim", "--scope", "read:PRIME")
    printed = capsys.readouterr()
    secret = printed.out.removesuffix("\n")
    assert secret.isprintable()
    assert " " not in secret
    assert find(secret).scopes == ["prices:sim", "read:PRIME"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "words",
    [
        ["nobody-here", "--name", "x"],
        ["\udcff", "--name", "x"],
        ["rita", "--name", ""],
        ["rita", "--name", "feed\u3164"],
        ["rita", "--name", "feed "],
        ["rita", "--name", "x", "--scope", "nonsense"],
        ["rita", "--name", "x", "--days", "-1"],
        ["rita", "--name", "x", "--days", "99999999999"],
        ["rita", "--name", "x", "--revoke"],
        ["rita"],
    ],
)
def test_the_command_says_in_one_sentence_what_is_wrong(cast: Cast, words: list[str]):
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("api_token", *words, stdout=out)
    assert out.getvalue() == ""
