"""A note or a reason: too long or hiding something, it is refused by every step that would keep it."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditEvent, Proposal
from margin.flow import call_deeds
from margin.flow.acknowledge import acknowledge
from margin.flow.change import approve, propose, reject, withdraw
from margin.flow.control import Aim, impose, lift
from margin.flow.handover import hand_over
from margin.models import Alert, MarginCall, Restriction
from tests.conftest import Cast
from tests.factories import MONDAY_NOON as NOW

pytestmark = pytest.mark.django_db
STEPS: dict[str, Callable[[Cast, str], Any]] = {
    "acknowledge": lambda cast, text: acknowledge(
        alert=Alert(desk=cast.prime), person=cast.rita, note=text, now=NOW
    ),
    "call": lambda cast, text: call_deeds.deliver(
        MarginCall(desk=cast.prime), cast.rita, note=text, now=NOW
    ),
    "hand over": lambda cast, text: hand_over(desk=cast.prime, person=cast.rita, note=text),
    "propose": lambda cast, text: propose(
        kind="limit", change={}, desk=cast.prime, reason=text, person=cast.ada, now=NOW
    ),
    "approve": lambda cast, text: approve(proposal=Proposal(), person=cast.eve, note=text, now=NOW),
    "reject": lambda cast, text: reject(proposal=Proposal(), person=cast.eve, note=text, now=NOW),
    "withdraw": lambda cast, text: withdraw(proposal=Proposal(), person=cast.ada, note=text, now=NOW),
    "impose": lambda cast, text: impose(
        Aim("desk", desk=cast.prime), state="frozen", reason=text, person=cast.rita, now=NOW
    ),
    "lift": lambda cast, text: lift(
        Restriction(desk=cast.prime), reason=text, person=cast.rita, now=NOW
    ),
}  # fmt: skip
WRONG = {"paid \u202edias": "control_character", "\x1b[31mred": "control_character", "x" * 4001: "max_length"}


@pytest.mark.parametrize("step", STEPS)
def test_a_text_that_hides_something_or_is_too_long_is_refused(cast: Cast, step: str) -> None:
    for text, rule in WRONG.items():
        said = STEPS[step](cast, text)
        refused = said[0] if isinstance(said, list) else said
        assert (refused.field in {"note", "reason"}, refused.rule) == (True, rule)
    assert not AuditEvent.objects.exists()
