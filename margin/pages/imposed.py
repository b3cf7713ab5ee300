"""What holds an account or a desk back, in words, for every page that shows one: read as it is asked.

Takes the rows in force; gives words. It does not wait for a run, so it is true while figures stand still.
"""

from dataclasses import dataclass

from accounts.models import Desk, SubAccount
from margin import formats
from margin.book.controls import NOT_ACTIVE, load_controls
from margin.engine.verdict import Control
from margin.models import Restriction
from riskdesk import clock


@dataclass(frozen=True, slots=True)
class Held:
    """`word` of the control; `why` is blank where nothing is imposed."""

    control: str
    word: str
    why: str = ""


def held_back(account: SubAccount) -> Held:
    """The tightest that holds for all its orders."""
    controls, now, client = load_controls(), clock.now(), account.client
    bound = controls.binding(desk=client.desk.code, client=client.code, account=account.code, now=now)
    if bound is not None:
        return Held(
            bound.control.value, formats.CONTROLS[bound.control], f"{bound.said} (no. {bound.number})"
        )
    if account.code in controls.inactive:
        return Held(Control.REDUCE_ONLY.value, formats.CONTROLS[Control.REDUCE_ONLY], NOT_ACTIVE)
    return Held(Control.OPEN.value, formats.CONTROLS[Control.OPEN])


def wide_on(desk: Desk) -> list[str]:
    """What holds for many at once: desk, house, instrument or venue. For the strip of each page."""
    now, narrow = clock.now(), (Restriction.Scope.ACCOUNT, Restriction.Scope.CLIENT)
    found = [
        one
        for (scope, of, _), every in load_controls().by_key.items()
        if scope not in narrow and of in ("", desk.code)
        for one in every
        if one.holds(now)
    ]
    return [
        f"{formats.CONTROLS[one.control]}: {one.whom}"
        for one in sorted(found, key=lambda one: (one.control is not Control.FROZEN, one.number))
    ]
