"""What exists for the caller, and what the caller may do there.

Takes the caller and what they named; gives the row, or ends the request: 404 for what is not theirs to see
(and a line in the record if it is somebody else's), 403 for what they may see but not do. Decides nothing
itself: `accounts.access` does.
"""

from typing import TypeVar

from django.db.models import Model, QuerySet

from accounts.access import Action, Principal, for_user, may, scope_allows
from accounts.audit import record
from accounts.models import Desk, SubAccount
from margin.api.problems import NOT_HERE, Problem, missing
from riskdesk.errors import Refusal

Row = TypeVar("Row", bound=Model)
NOUNS: dict[type[Model], str] = {SubAccount: "account"}


def find(rows: "QuerySet[Row]", caller: Principal, **by: object) -> Row:
    """The row that exists for the caller."""
    row = for_user(rows, caller).filter(**by).first()
    if row is None:
        if rows.filter(**by).exists():
            subject = f"{rows.model._meta.model_name}:{'/'.join(map(str, by.values()))}"
            record(actor=caller, action="access.denied", subject=subject)
        raise missing(
            *(Refusal(noun(rows.model), "not_found", str(value), NOT_HERE) for value in by.values())
        )
    return row


def demand(caller: Principal, action: Action, desk: Desk | None) -> None:
    """End the request unless the caller may do this on a desk that they see; without one, on any."""
    if not may(caller, action, desk):
        raise lacking(action, desk)


def lacking(action: Action, desk: Desk | None) -> Problem:
    """403, with the right that is missing."""
    says = "Neither role nor token of yours allows that on any desk."
    if desk is not None:
        says = f"Your role on {desk.code}, or this token, does not allow that."
    return forbidden(says, Refusal("desk", action.value, desk.code if desk else "", says))


def demand_scope(caller: Principal, scope: str) -> None:
    if not scope_allows(caller, scope):
        says = f"This takes a token with the scope {scope}."
        raise forbidden(says, Refusal("scope", "required", scope, says))


def forbidden(detail: str, *errors: Refusal) -> Problem:
    return Problem(403, "forbidden", detail, errors)


def noun(model: type[Model]) -> str:
    """As addresses call it."""
    return NOUNS.get(model, str(model._meta.model_name))
