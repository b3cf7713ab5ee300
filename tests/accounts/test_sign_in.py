"""Signing in and out at our own door: lock-out, second factor, ages of a session, what is recorded."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from axes.models import AccessLog
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.cache import cache
from django.test import Client, TestCase

from accounts.models import AuditEvent, User
from accounts.sessions import Seat, seats_lost, take_seat
from riskdesk import clock
from tests.conftest import Cast
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN, NEW = "/accounts/login/", "seven green horses sleep"


@pytest.fixture(autouse=True)
def _static_files(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def door() -> Client:
    cache.clear()
    return Client(enforce_csrf_checks=False)


def sign_in(door: Client, name: str, password: str = PASSWORD, **more: str):
    return door.post(LOGIN, {"login": name, "password": password, **more})


def deeds(name: str) -> list[str]:
    events = AuditEvent.objects.filter(subject=f"person:{name}").order_by("pk")
    return list(events.values_list("action", flat=True))


def code_of(secret: str, step: int = 0) -> str:
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2] + step))


def enrol(door: Client) -> str:
    """Set up a second factor as a person would: read the secret off the page, type the code."""
    page = door.get("/accounts/2fa/totp/activate/", follow=True)
    secret = re.search(r"\b[A-Z2-7]{32}\b", page.content.decode()).group()
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert door.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    return secret


# --- in and out ----------------------------------------------------------------------------------------
def test_the_form_signs_in_and_the_session_is_new_and_recorded(cast: Cast, door: Client):
    before = door.get(LOGIN).cookies
    answer = sign_in(door, "rita")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert door.session.session_key
    assert door.session.session_key not in str(before)
    assert deeds("rita") == ["session.opened"]
    assert not AccessLog.objects.exists(), "one record is enough, and this one nobody would clear"


def test_logout_ends_the_session_and_its_seat(cast: Cast, door: Client):
    sign_in(door, "rita")
    seat = take_seat(door.session.session_key or "", "PRIME")
    assert isinstance(seat, Seat)
    answer = door.post("/accounts/logout/")
    assert "Clear-Site-Data" in answer
    assert seats_lost([seat])
    assert deeds("rita") == ["session.opened", "session.closed"]


def test_wrong_passwords_and_people_who_are_not_there_are_answered_alike(cast: Cast, door: Client):
    def said(name: str) -> list[str]:
        return list(sign_in(door, name, "wrong").context["form"].non_field_errors())

    assert said("rita") == said("no-such-person") != []


def test_somebody_switched_off_does_not_get_in(cast: Cast, door: Client):
    User.objects.filter(username="rita").update(is_active=False)
    sign_in(door, "rita")
    assert "_auth_user_id" not in door.session


def test_where_to_go_after_sign_in_stays_on_our_own_host(cast: Cast, door: Client):
    for evil in ("//evil.example", "https:\\\\evil.example", "https://evil.example/", "/\\evil.example"):
        assert sign_in(Client(), "rita", next=evil)["Location"] == "/"
    assert sign_in(door, "rita", next="/mail/")["Location"] == "/mail/"


def test_nobody_signs_up(cast: Cast, door: Client):
    answer = door.post("/accounts/signup/", {"username": "mallory", "password1": NEW, "password2": NEW})
    assert "closed" in answer.content.decode().lower()
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.parametrize("path", ["/", "/mail/", "/admin/", "/accounts/sessions/", "/api/v1/alerts/"])
def test_what_the_signed_in_are_shown_stays_in_no_cache(cast: Cast, door: Client, path: str):
    sign_in(door, "ada")
    assert "no-store" in door.get(path)["Cache-Control"]


# --- lock-out ------------------------------------------------------------------------------------------
def test_after_ten_wrong_passwords_even_the_right_one_waits(cast: Cast, door: Client):
    answers = [sign_in(door, " RITA" if turn % 2 else "rita", "wrong") for turn in range(10)]
    assert [answer.status_code for answer in answers[:9]] == [200] * 9
    locked = sign_in(door, "rita")
    assert answers[9].status_code == locked.status_code == 429
    assert locked["Retry-After"] == "900"
    assert "Locked for 15 minutes" in locked.content.decode()
    assert "_auth_user_id" not in door.session
    assert "sign_in.locked" in deeds("rita")
    assert sign_in(door, "vic").status_code == 302


def test_a_name_that_is_not_there_locks_just_the_same(cast: Cast, door: Client):
    assert [sign_in(door, "ghost", "wrong").status_code for _ in range(11)][9:] == [429, 429]


def test_a_right_password_forgets_the_wrong_ones(cast: Cast, door: Client):
    for _ in range(3):
        for _ in range(8):
            sign_in(Client(), "rita", "wrong")
        assert sign_in(Client(), "rita").status_code == 302


# --- second factor -------------------------------------------------------------------------------------
def test_a_second_factor_is_asked_for_once_set_up_and_works_once(cast: Cast, door: Client):
    sign_in(door, "rita")
    secret = enrol(door)
    door.post("/accounts/logout/")

    answer = sign_in(door, "rita")
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in door.session
    code = code_of(secret, step=1)
    assert door.post("/accounts/2fa/authenticate/", {"code": code})["Location"] == "/"

    again = Client()
    sign_in(again, "rita")
    assert again.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 200
    assert "_auth_user_id" not in again.session
    assert "second_factor.changed" in deeds("rita")


def test_wrong_second_factors_are_counted(cast: Cast, door: Client):
    sign_in(door, "rita")
    enrol(door)
    door.post("/accounts/logout/")
    sign_in(door, "rita")
    answers = [door.post("/accounts/2fa/authenticate/", {"code": "000000"}) for _ in range(11)]
    assert ["Too many" in answer.content.decode() for answer in answers] == [False] * 10 + [True]


def test_what_is_counted_is_not_pushed_out_by_what_others_try(cast: Cast, door: Client):
    cache.set("counted", 9, 900)
    cache.set_many({f"{number:04}": 1 for number in range(310)}, 60)
    assert cache.get("counted") == 9
    cache.set_many({f"z{number:04}": 1 for number in range(310)}, 60)
    assert cache.get("counted") == 9


def test_without_a_second_factor_nobody_gets_past_setting_one_up_where_it_is_demanded(
    cast: Cast, door: Client, settings
):
    settings.SECOND_FACTOR_REQUIRED = True
    sign_in(door, "ada")
    for path in ("/", "/admin/", "/accounts/ALPHA-1/", "/accounts/2FA/now/", "/metrics"):
        answer = door.get(path)
        assert urlsplit(answer["Location"]).path == "/accounts/2fa/totp/activate/"
        assert parse_qs(urlsplit(answer["Location"]).query) == {"next": [path]}
    for blank in ({}, {"Authorization": ""}):
        answer = door.get("/api/v1/accounts/", headers=blank)
        assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (403, "second_factor")
    assert door.get("/metrics", headers={"Authorization": "Bearer none"}).status_code == 401
    assert take_seat(door.session.session_key or "", "PRIME") == "not_signed_in"
    enrol(door)
    assert door.get("/").status_code == 200
    assert isinstance(take_seat(door.session.session_key or "", "PRIME"), Seat)


def test_second_factors_lie_locked_and_open_with_an_older_secret_too(cast: Cast, door: Client, settings):
    sign_in(door, "rita")
    secret = enrol(door)
    row = Authenticator.objects.get(user=cast.rita, type=Authenticator.Type.TOTP)
    assert secret not in str(row.data)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new secret of the house, long enough to be one"
    assert row.wrap().validate_code(code_of(secret))


# --- ages ----------------------------------------------------------------------------------------------
def test_twelve_hours_after_sign_in_the_session_is_over(cast: Cast, door: Client):
    sign_in(door, "rita")
    with clock.pinned(clock.now() + timedelta(hours=11, minutes=59)):
        assert door.get("/").status_code == 200
    with clock.pinned(clock.now() + timedelta(hours=12)):
        assert urlsplit(door.get("/")["Location"]).path == LOGIN
    assert "_auth_user_id" not in door.session


def test_after_thirty_idle_minutes_reading_goes_on_and_acting_takes_the_password(cast: Cast, door: Client):
    sign_in(door, "ada")
    with clock.pinned(clock.now() + timedelta(minutes=31)):
        assert door.get("/").status_code == 200
        answer = door.post("/admin/accounts/user/add/")
        assert urlsplit(answer["Location"]).path == "/accounts/reauthenticate/"
        answer = door.post("/api/v1/transfers/", {}, content_type="application/json")
        assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (403, "idle")
        assert door.post("/accounts/present/").status_code == 403
        assert door.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
        assert door.post("/accounts/present/").status_code == 204


def test_pages_that_fetch_by_themselves_keep_nobody_awake_and_people_do(cast: Cast, door: Client):
    sign_in(door, "rita")
    start = clock.now()

    def may_act(minutes: int) -> bool:
        with clock.pinned(start + timedelta(minutes=minutes)):
            return door.post("/accounts/present/").status_code == 204

    for minutes in (10, 20):
        with clock.pinned(start + timedelta(minutes=minutes)):
            door.get("/", headers={"Sec-Fetch-Mode": "cors"})
            door.get("/api/v1/accounts/")
    with clock.pinned(start + timedelta(minutes=29)):
        door.get("/", headers={"Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"})
    assert may_act(58)
    assert not may_act(58 + 31)


def test_presence_is_only_posted_and_only_by_who_is_signed_in(cast: Cast, door: Client):
    assert door.post("/accounts/present/").status_code == 401
    assert door.get("/accounts/present/").status_code == 405


# --- passwords and sessions ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "password",
    [
        "riskdesk2026",
        "RiskDesk-2026!",
        "prime-desk-2026",
        "rita-rita-rita-1",
        "margin.leverage",
        "passwordpassword",
    ],
)
def test_a_password_of_the_houses_words_is_refused(cast: Cast, door: Client, password: str):
    sign_in(door, "rita")
    words = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert door.post("/accounts/password/change/", words).status_code == 200
    assert User.objects.get(username="rita").check_password(PASSWORD)


@pytest.mark.parametrize("password", [NEW, "x7 " * 21 + "end", "desk of seven green horses"])
def test_a_long_password_with_spaces_is_taken(cast: Cast, door: Client, password: str):
    sign_in(door, "rita")
    words = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert door.post("/accounts/password/change/", words).status_code == 302
    assert User.objects.get(username="rita").check_password(password)


def test_a_new_password_ends_every_other_session_and_every_seat(cast: Cast, door: Client):
    other = Client()
    for client in (door, other):
        sign_in(client, "rita")
    seats = [take_seat(client.session.session_key or "", "PRIME") for client in (door, other)]
    door.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert set(seats_lost(seats)) == set(seats)
    assert door.get("/").status_code == 200
    assert other.get("/").status_code == 302


def test_sessions_are_listed_and_the_others_can_be_ended(cast: Cast, door: Client):
    other = Client(headers={"User-Agent": "Lost Telephone"})
    for client in (door, other):
        sign_in(client, "rita")
    seat = take_seat(other.session.session_key or "", "PRIME")
    assert "Lost Telephone" in door.get("/accounts/sessions/").content.decode()
    door.post("/accounts/sessions/")
    assert seats_lost([seat])
    assert other.get("/").status_code == 302
    assert door.get("/").status_code == 200
    assert "sessions.ended" in deeds("rita")


# --- the admin's door ----------------------------------------------------------------------------------
def test_the_admin_has_no_door_of_its_own(cast: Cast, door: Client):
    answer = door.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"
    assert door.post("/admin/login/", {"username": "ada", "password": PASSWORD}).status_code == 302
    assert "_auth_user_id" not in door.session
    sign_in(door, "rita")
    assert door.get("/admin/", follow=True).status_code == 403
    door.post("/accounts/logout/")
    assert sign_in(door, "ada", next="/admin/")["Location"] == "/admin/"
    assert door.get("/admin/").status_code == 200


def test_passwords_are_kept_as_argon2(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    assert make_password("x").startswith("argon2$argon2id$")


@pytest.mark.parametrize("known", [True, False])
def test_a_mail_about_a_password_speaks_of_the_desks_own_address_alone(
    cast: Cast, door: Client, known: bool, settings
):
    settings.ENV = replace(settings.ENV, base_url="https://risk.example:444")
    email = cast.rita.email if known else "stranger@elsewhere.example"
    door.post("/accounts/password/reset/", {"email": email}, headers={"host": "127.0.0.1:6666"})
    (letter,) = mail.outbox
    said = f"{letter.subject}\n{letter.body}"
    assert "127.0.0.1" not in said
    assert "6666" not in said
    links = re.findall(r"https?://\S+", said)
    assert [link.startswith("https://risk.example:444/accounts/password/reset/key/") for link in links] == (
        [True] if known else []
    )
