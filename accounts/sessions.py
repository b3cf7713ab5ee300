"""Who sits where, and for how long: sessions, their two ages, and the seats that open sockets take.

Takes a session's key; gives the person behind it, or a seat at a desk. Seats are asked about again in bulk,
so that every way of losing access (logout, password, switched off, role, age, a row changed by hand) ends
them at the next look, with or without Valkey. `tell_sockets` only makes that look happen at once.

A session lives 12 hours from sign-in, whatever is done with it: a wall screen may read that long. To act
takes a deed of a person within the last 30 minutes (`acted_lately`); after that, the password again.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib import import_module
from typing import Any

import structlog
from allauth.mfa.models import Authenticator
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.access import Action, desk_codes_of
from accounts.models import User
from riskdesk import clock
from riskdesk.broker import LAYER_FAULTS

log = structlog.get_logger(__name__)

LONGEST = timedelta(seconds=settings.SESSION_COOKIE_AGE)
IDLE = timedelta(minutes=30)
SAID_IDLE = "Nobody has acted here for 30 minutes. Confirm that it is you."
PROOF_LASTS = timedelta(minutes=5)
SIGNED_IN_AT, ACTED_AT, PROVED_AT = "signed_in_at", "acted_at", "proved_at"
PEOPLE_GROUP = "people." + hashlib.sha256(b"house").hexdigest()[:40]
"""Every server process listens here. Messages: {"type": "look_again", "person": id}."""


class NoSeat(StrEnum):
    """Why a socket is not let in, or not let stay."""

    NOT_SIGNED_IN = "not_signed_in"
    NOT_THIS_DESK = "not_this_desk"


@dataclass(frozen=True, slots=True)
class Seat:
    """A person's place at a desk through one session, with the proof that the password is still the same."""

    session_key: str
    person_id: int
    desk_code: str
    proof: str
    signed_in_at: datetime


# --- the life of a session -----------------------------------------------------------------------------
def open_session(session: SessionBase) -> None:
    """Note when it began. Called once, at sign-in."""
    session[SIGNED_IN_AT] = session[ACTED_AT] = clock.now().isoformat()


def close_session(session: SessionBase, person_id: int) -> None:
    """End it now, and the sockets that sit on it."""
    session.flush()
    tell_sockets(person_id)


def note_sign_in(session: SessionBase) -> None:
    """The person proved who they are: from here on they may act, without the session growing younger."""
    session[ACTED_AT] = session[PROVED_AT] = clock.now().isoformat()


def proved_lately(session: SessionBase) -> bool:
    """Whether the password is so fresh that even the way of signing in may be changed."""
    return clock.now() - _instant(session, PROVED_AT) < PROOF_LASTS


def note_deed(session: SessionBase) -> None:
    """A person did something. Kept to the minute, so that reading does not write at every step."""
    if clock.now() - _instant(session, ACTED_AT) >= timedelta(minutes=1):
        session[ACTED_AT] = clock.now().isoformat()


def too_old(session: SessionBase) -> bool:
    return clock.now() - _instant(session, SIGNED_IN_AT) >= LONGEST


def acted_lately(session: SessionBase) -> bool:
    """Whether this session may act, and not only read."""
    return clock.now() - _instant(session, ACTED_AT) < IDLE


# --- seats ---------------------------------------------------------------------------------------------
def take_seat(session_key: str, desk_code: str) -> Seat | NoSeat:
    """A place at a desk for whoever the session belongs to. No such desk: as if it were one of others."""
    seat = _seat(session_key, desk_code)
    return NoSeat.NOT_SIGNED_IN if seat is None else seats_lost([seat]).get(seat, seat)


def seats_lost(seats: Iterable[Seat]) -> dict[Seat, NoSeat]:
    """Those that may not stay, and why: three queries, however many seats."""
    asked = set(seats)
    if not asked:
        return {}
    now, persons = clock.now(), {seat.person_id for seat in asked}
    keys = {seat.session_key for seat in asked}
    alive = set(
        Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list(
            "session_key", flat=True
        )
    )
    people = User.objects.filter(is_active=True).in_bulk(persons)
    if settings.SECOND_FACTOR_REQUIRED:
        factors = Authenticator.objects.filter(user_id__in=persons, type=Authenticator.Type.TOTP)
        people = {row.user_id: people[row.user_id] for row in factors if row.user_id in people}
    desks = desk_codes_of(persons, Action.SEE_DESK)
    lost: dict[Seat, NoSeat] = {}
    for seat in asked:
        person = people.get(seat.person_id)
        if seat.session_key not in alive or person is None or not _holds(seat, person, now):
            lost[seat] = NoSeat.NOT_SIGNED_IN
        elif (seat.person_id, seat.desk_code) not in desks:
            lost[seat] = NoSeat.NOT_THIS_DESK
    return lost


def tell_sockets(person_id: int) -> None:
    """After the commit, every server process looks again at this person's seats. Never raises."""
    message = {"type": "look_again", "person": person_id}
    transaction.on_commit(lambda: _send(message))


def _seat(session_key: str, desk_code: str) -> Seat | None:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(session_key or "-")
    person_id, proof = store.get(SESSION_KEY), store.get(HASH_SESSION_KEY, "")
    if person_id is None:
        return None
    return Seat(session_key, int(person_id), desk_code, proof, _instant(store, SIGNED_IN_AT))


def _holds(seat: Seat, person: User, now: datetime) -> bool:
    same_password = constant_time_compare(seat.proof, person.get_session_auth_hash())
    return same_password and now - seat.signed_in_at < LONGEST


def _instant(session: SessionBase, key: str) -> datetime:
    """A session without the note was not opened at our door: it counts as old."""
    noted = session.get(key)
    return datetime.fromisoformat(noted) if noted else datetime.fromtimestamp(0, tz=clock.now().tzinfo)


def _send(message: Mapping[str, Any]) -> None:
    try:
        async_to_sync(get_channel_layer().group_send)(PEOPLE_GROUP, dict(message))
    except LAYER_FAULTS as error:
        log.warning("sockets.not_told", error=repr(error)[:200])
