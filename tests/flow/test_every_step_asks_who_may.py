"""Whatever the door has asked, a step asks again: who only looks on, or stands elsewhere, does nothing."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from margin.flow import call_deeds
from margin.flow.acknowledge import acknowledge
from margin.flow.change import propose
from margin.flow.control import Aim, drill, impose, lift
from margin.flow.handover import hand_over
from margin.models import Alert, MarginCall, Restriction
from tests.conftest import Cast
from tests.factories import MONDAY_NOON as NOW

pytestmark = pytest.mark.django_db
Step = Callable[[Cast, User], Any]
SAID: dict[str, Any] = {"note": "Why", "now": NOW}


def on_a_call(deed: Callable[..., Any], **more: Any) -> Step:
    return lambda cast, person: deed(MarginCall(desk=cast.prime), person, **SAID, **more)


STEPS: dict[str, Step] = {
    "acknowledge": lambda cast, person: acknowledge(alert=Alert(desk=cast.prime), person=person, **SAID),
    "hand over": lambda cast, person: hand_over(desk=cast.prime, person=person, note="Why"),
    "propose": lambda cast, person: propose(
        kind="limit", change={}, desk=cast.prime, reason="Why", person=person, now=NOW
    ),
    "impose": lambda cast, person: impose(
        Aim("desk", cast.prime), state="frozen", reason="Why", person=person, now=NOW
    ),
    "lift": lambda cast, person: lift(
        Restriction(scope="client", desk=cast.prime), person=person, reason="Why", now=NOW
    ),
    "issue": on_a_call(call_deeds.issue),
    "cancel": on_a_call(call_deeds.cancel),
    "deliver": on_a_call(call_deeds.deliver),
    "confirm": on_a_call(call_deeds.confirm),
    "dispute": on_a_call(call_deeds.dispute, amount=Decimal(1)),
    "ask for more time": on_a_call(call_deeds.ask_extension, due_at=NOW + timedelta(hours=1)),
    "give more time": on_a_call(call_deeds.decide_extension, give=True),
}


@pytest.mark.parametrize("step", STEPS)
def test_who_may_not_is_refused_and_leaves_no_trace(cast: Cast, step: str) -> None:
    may_not = [cast.vic, cast.otto, cast.rita if step in {"propose", "give more time"} else cast.ada]
    for person in may_not:
        said = STEPS[step](cast, person)
        refused = said[0] if isinstance(said, list) else said
        assert (refused.field, refused.rule, refused.value) == ("desk", "not_allowed", "PRIME")
    assert not AuditEvent.objects.exists()


def test_the_switch_is_tested_by_who_may_restrict_anywhere(cast: Cast) -> None:
    for person in (cast.vic, cast.ada, cast.nobody):
        said: Any = drill(person)
        assert [one.rule for one in said] == ["not_allowed"]
    assert isinstance(drill(cast.otto), int)
