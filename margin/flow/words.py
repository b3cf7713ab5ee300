"""What an alert says: a title and a few plain sentences with the figures and the limit named.

Takes what a run found; gives texts. Figures are rounded here as everywhere at the edge: requirements up,
equity down. Pure.
"""

from margin.book.marks import Pinned, text_of
from margin.engine.figures import Level
from margin.engine.funding import top_up
from margin.engine.pools import CROSS
from margin.engine.types import ONE, ZERO, Account
from margin.flow.cap_words import over_cap
from margin.flow.found import Found
from margin.flow.phrases import (
    TITLE_CHARACTERS,
    Scene,
    Words,
    cause,
    down,
    paragraphs,
    percent,
    pool_named,
    sentence,
    up,
)
from margin.models import Breach
from riskdesk.errors import sure

Rule = Breach.Rule
PEOPLE_DECIDE = "Nothing is refused or closed by itself: people decide."
OF_A_POOL = "a finding of a level is of a pool that was measured"


def opened(one: Found, scene: Scene, *, again: bool = False) -> Words:
    """A rule is not kept."""
    if one.rule == Rule.MARGIN_LEVEL:
        words = _level(one, scene)
    elif one.rule == Rule.UNKNOWN_FIGURE:
        words = _unknown(one)
    elif one.rule == Rule.MISSING_CAP:
        words = _no_cap(one)
    else:
        words = over_cap(one, scene)
    title = f"Again: {words.title}" if again else words.title
    return Words(title[:TITLE_CHARACTERS], words.text)


def _level(one: Found, scene: Scene) -> Words:
    measured, pool = sure(one.measured, OF_A_POOL), sure(one.pool, OF_A_POOL)
    code, base = measured.fact.code, measured.fact.base
    liquidation = one.level is Level.LIQUIDATION
    whose = code if pool.pool == CROSS else f"{code}, {pool_named(pool.pool)},"
    title = f"{whose} is below {'maintenance' if liquidation else 'its house requirement'}: " + (
        "liquidation" if liquidation else "margin call"
    )
    places = scene.computed.book.rules.scales[base]
    equity, house = pool.equity or ZERO, pool.house_maintenance or ZERO
    maintenance = pool.maintenance or ZERO
    figures = (
        f"{sentence(pool_named(pool.pool))} holds {down(equity, places)} {base} of equity against a house "
        f"requirement of {up(house, places)} {base} (maintenance {up(maintenance, places)})."
    )
    return Words(
        title, paragraphs(figures, _consequence(one), _deposit(one, scene, places), cause(one, scene))
    )


def _consequence(one: Found) -> str:
    if one.level is not Level.LIQUIDATION:
        return f"Call for it to be covered. {PEOPLE_DECIDE}"
    if sure(one.pool, OF_A_POOL).pool == CROSS:
        return "The cross pool is to be closed down as a whole; isolated positions stand."
    return "This isolated position alone is to be closed; the wallet and the others are untouched."


def _deposit(one: Found, scene: Scene, places: int) -> str:
    measured, pool = sure(one.measured, OF_A_POOL), sure(one.pool, OF_A_POOL)
    account = scene.computed.book.account(measured.fact.id)
    policy = scene.computed.book.rules.desks[one.desk_id].policy
    if not isinstance(account, Account):
        return ""
    base = account.base
    needed = top_up(account, measured.figures, policy, pool=pool.pool, asset=base, price=ONE)
    if needed is None:
        return ""
    return f"A deposit of {up(needed, places)} {base} brings it back to {percent(policy.target)} utilisation."


def _unknown(one: Found) -> Words:
    measured = sure(one.measured, "what is unknown is one account")
    code = measured.fact.code
    because = "; ".join(measured.figures.unknown_because) or "an input is missing"
    text = "No automatic action rests on it: a person decides. Positions and balances are as last recorded."
    return Words(f"The figures of {code} are unknown", paragraphs(f"{sentence(because)}.", text))


def _no_cap(one: Found) -> Words:
    code = one.client.client.code
    return Words(
        f"{code} holds positions but no leverage cap applies to it",
        paragraphs(
            "None means none allowed: it stands as a breach until the desk, the class or the client has one.",
            PEOPLE_DECIDE,
        ),
    )


def price_in_doubt(code: str, price: Pinned) -> Words:
    """An instrument's mark cannot be trusted."""
    last = f"The last confirmed price is {text_of(price.mark)} of {_time(price)} from {price.source}."
    band = (
        f"Levels are computed at both ends of its guard band, {text_of(price.low)} to {text_of(price.high)}."
    )
    if price.mark is None:
        return Words(
            f"There is no price of {code}", "Whoever holds it has unknown figures until one arrives."
        )
    state = "is stale" if price.hard else "jumped and is not confirmed"
    text = paragraphs(last, band if price.low is not None else "", "Where they differ, figures are unknown.")
    return Words(f"The price of {code} {state}", text)


def feed_silent(codes: list[str]) -> Words:
    """Nothing fresh arrives any more."""
    listed = ", ".join(codes[:8]) + (" and others" if len(codes) > 8 else "")
    return Words(
        "No fresh price arrives: the feed is silent",
        paragraphs(
            f"Every price the desk holds is stale beyond its hard limit: {listed}.",
            "Figures rest on guard bands that widen with time; look at the feed.",
        ),
    )


def shard_parked(shard: int, attempts: int, error: str) -> Words:
    """The recompute gave up."""
    return Words(
        f"Figures of shard {shard} stand still: {attempts} runs failed in a row",
        paragraphs(
            f"The last failure: {error[:500] or 'its worker died'}.",
            "It is tried again once a minute, and goes on as soon as a run succeeds. If it does not, look at "
            "the logs of the risk worker, then let it go on at once with `manage.py cycle --unpark`.",
        ),
    )


def _time(price: Pinned) -> str:
    return f"{price.time:%H:%M:%S} UTC" if price.time else "an unknown time"
