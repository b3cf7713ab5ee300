"""What the next person finds unfinished on a desk beside its alerts: margin calls owed, and who is held back.

Takes a desk and who looks; gives rows in words for the handover. Changes nothing.
"""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts import access
from accounts.models import Desk, User
from margin.book.controls import standing
from margin.flow.control import RELATED
from margin.models import MarginCall, Restriction
from margin.pages.owed import Owed, owed_by
from riskdesk import clock

MOST = 40


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The calls due soonest and the restrictions in force, the tightest first; the counts are of all."""

    owed: list[Owed]
    owed_count: int
    drafts: int
    held: list[Restriction]
    held_count: int


def unfinished(person: User | AnonymousUser, desk: Desk) -> Unfinished:
    calls = access.for_user(MarginCall, person).filter(desk=desk)
    here = Q(desk=desk) | Q(desk=None)
    held = access.for_user(Restriction, person).filter(here, standing(clock.now()))
    return Unfinished(
        owed=owed_by(calls, most=MOST, asks=False),
        owed_count=calls.filter(state__in=MarginCall.OWED).count(),
        drafts=calls.filter(state=MarginCall.State.DRAFT).count(),
        held=list(held.select_related(*RELATED).order_by("state", "rule", "-pk")[:MOST]),
        held_count=held.count(),
    )
