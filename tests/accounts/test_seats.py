"""An open socket holds a seat, and loses it with whatever gave it."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from accounts.models import RoleGrant, User
from accounts.sessions import (
    PEOPLE_GROUP,
    NoSeat,
    Seat,
    acted_lately,
    note_deed,
    open_session,
    seats_lost,
    take_seat,
    tell_sockets,
    too_old,
)
from riskdesk import clock
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def sign_in(person: User) -> SessionStore:
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    open_session(session)
    session.save()
    return session


@pytest.fixture
def seat(cast: Cast) -> Seat:
    seat = take_seat(sign_in(cast.vic).session_key or "", "PRIME")
    assert isinstance(seat, Seat)
    return seat


def test_a_signed_in_viewer_has_a_seat_at_their_desk_only(cast: Cast):
    key = sign_in(cast.vic).session_key or ""
    taken = take_seat(key, "PRIME")
    assert isinstance(taken, Seat)
    assert taken.person_id == cast.vic.pk
    assert take_seat(key, "RETAIL") == take_seat(key, "NOWHERE") == NoSeat.NOT_THIS_DESK


@pytest.mark.parametrize("key", ["", "x", "no-such-session-key", "é\x00"])
def test_without_a_session_there_is_no_seat(cast: Cast, key: str):
    assert take_seat(key, "PRIME") == NoSeat.NOT_SIGNED_IN


def test_a_seat_stays_while_nothing_changes(seat: Seat):
    assert seats_lost([seat, seat]) == {}
    assert seats_lost([]) == {}


def test_logout_ends_the_seat(seat: Seat):
    SessionStore(seat.session_key).flush()
    assert seats_lost([seat]) == {seat: NoSeat.NOT_SIGNED_IN}


def test_a_new_password_ends_the_seat(cast: Cast, seat: Seat):
    cast.vic.set_password("another password, long enough")
    cast.vic.save()
    assert seats_lost([seat]) == {seat: NoSeat.NOT_SIGNED_IN}


def test_being_switched_off_ends_the_seat(cast: Cast, seat: Seat):
    User.objects.filter(pk=cast.vic.pk).update(is_active=False)
    assert seats_lost([seat]) == {seat: NoSeat.NOT_SIGNED_IN}


def test_losing_the_role_ends_the_seat(cast: Cast, seat: Seat):
    RoleGrant.objects.filter(user=cast.vic).update(revision_to=factories.revision())
    assert seats_lost([seat]) == {seat: NoSeat.NOT_THIS_DESK}


def test_twelve_hours_after_sign_in_the_seat_ends_whatever_was_done_meanwhile(seat: Seat):
    session = SessionStore(seat.session_key)
    session["anything"] = 1
    with clock.pinned(clock.now() + timedelta(hours=11, minutes=59)):
        session.save()
        assert seats_lost([seat]) == {}
    with clock.pinned(clock.now() + timedelta(hours=12)):
        assert seats_lost([seat]) == {seat: NoSeat.NOT_SIGNED_IN}
        assert too_old(session)


def test_a_thousand_seats_cost_three_queries(cast: Cast, seat: Seat, django_assert_num_queries):
    others = [Seat(f"k{n}", seat.person_id, "PRIME", seat.proof, seat.signed_in_at) for n in range(999)]
    with django_assert_num_queries(3):
        assert len(seats_lost([seat, *others])) == 999


def test_acting_needs_a_deed_within_half_an_hour(cast: Cast):
    session = sign_in(cast.rita)
    start = clock.now()
    with clock.pinned(start + timedelta(minutes=29)):
        assert acted_lately(session)
        note_deed(session)
    with clock.pinned(start + timedelta(minutes=58)):
        assert acted_lately(session)
    with clock.pinned(start + timedelta(minutes=60)):
        assert not acted_lately(session)
        assert not too_old(session)


def test_a_session_that_was_not_opened_at_our_door_may_not_act(cast: Cast):
    session = SessionStore()
    assert too_old(session)
    assert not acted_lately(session)


@pytest.mark.django_db(transaction=True)
def test_sockets_are_told_after_the_commit_and_only_then():
    layer = get_channel_layer()
    assert layer is not None

    async def heard() -> list[dict]:
        channel = await layer.new_channel()
        await layer.group_add(PEOPLE_GROUP, channel)
        from asgiref.sync import sync_to_async

        def change(*, fails: bool, person: int):
            with transaction.atomic():
                tell_sockets(person)
                transaction.set_rollback(fails)

        await sync_to_async(change)(fails=True, person=1)
        await sync_to_async(change)(fails=False, person=2)
        return [await layer.receive(channel)]

    assert async_to_sync(heard)() == [{"type": "look_again", "person": 2}]


def test_a_layer_out_of_reach_is_logged_and_never_raised(settings, caplog):
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
        }
    }
    from accounts.sessions import _send

    _send({"type": "look_again", "person": 1})
    assert "sockets.not_told" in caplog.text
