"""Which clients a change of caps could concern at all: so that a large book is not measured whole.

Takes a desk's newest figures, and the caps before and after; gives the clients to be measured exactly. Left
out are only those whose answer is the same on both sides with room to spare, whatever the frame rounded,
and whose figures are sure. Concludes nothing itself.
"""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from margin.book.applies import Caps
from margin.book.facts import ClientFact, Rules
from margin.engine.limits import Cap, tightest
from margin.engine.measures import AnyKind
from margin.whatif.limits_in_force import MEASURED, DeskUses, Held

ROOM = 1e-3
LEAST = 1e3
"""Below this much of money, cents that were rounded could matter."""
OK, NEAR, OVER = range(3)
DESK, CLASS = "desk", "class"
Members = Mapping[int, list[int]]
Place = tuple[Any, ...]


def members_of(rules: Rules, desks: Set[int]) -> dict[int, list[int]]:
    """The sub-accounts of each client of these desks."""
    found: dict[int, list[int]] = {}
    for account in rules.accounts.values():
        if rules.clients[account.client_id].desk_id in desks:
            found.setdefault(account.client_id, []).append(account.id)
    return found


def concerned(
    rules: Rules, members: Members, uses: Mapping[int, DeskUses], before: Caps, after: Caps
) -> Iterator[int]:
    """Clients of whom some cap would be another and the answer not surely the same; one may come twice."""
    for place in before.by_place.keys() | after.by_place.keys():
        if before.by_place.get(place) != after.by_place.get(place):
            yield from _at(place, rules, members, uses, (before, after))
    for key in before.excesses.keys() | after.excesses.keys():
        if before.excesses.get(key) != after.excesses.get(key) and key[1] in members:
            yield key[1]


def _at(
    place: Place, rules: Rules, members: Members, uses: Mapping[int, DeskUses], sides: tuple[Caps, Caps]
) -> Iterator[int]:
    """A cap upon one is asked of that one; upon many, of those whose answer it could move."""
    kind, desk, scope, client_class, client, account, instrument, _ = place
    if client is not None or account is not None:
        one = client if client is not None else rules.accounts[account].client_id
        yield from ([one] if one in members else [])
        return
    for number in members:
        fact = rules.clients[number]
        if fact.desk_id != desk or client_class not in ("", fact.regulatory_class):
            continue
        if instrument and (fact.code, instrument) not in uses[desk].instruments:
            continue
        held = uses[desk].clients.get(fact.code, Held(known=False))
        if scope in (DESK, CLASS) and not _moves(kind, fact, held, *sides):
            continue
        yield number


def _moves(kind: AnyKind, client: ClientFact, held: Held, before: Caps, after: Caps) -> bool:
    caps = tightest(before.of_client(kind, client)), tightest(after.of_client(kind, client))
    if caps[0] == caps[1]:
        return False
    if kind not in MEASURED or not held.is_sure or max(held.gross, held.equity) < LEAST:
        return True
    answers = [_answer(MEASURED[kind](held), cap) for cap in caps]
    return None in answers or answers[0] != answers[1]


def _answer(measured: float, cap: Cap | None) -> int | None:
    """None: too near to a line to be told from rounded figures, or no cap at all."""
    if cap is None:
        return None
    limit, warn = float(cap.limit), float(cap.limit * cap.warn_at)
    if any(abs(measured - line) <= ROOM * line for line in (limit, warn)):
        return None
    return OVER if measured > limit else NEAR if measured > warn else OK
