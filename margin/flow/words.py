"""What an alert says: a title and a few plain sentences with the figures and the limit named.

Takes what a run found; gives texts. Figures are rounded here as everywhere at the edge: requirements up,
equity down. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from margin.book.marks import Pinned, text_of
from margin.engine import shown
from margin.engine.figures import Level, PositionFigures, Reason
from margin.engine.funding import top_up
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO, Account
from margin.flow.findings import Found
from margin.flow.recompute import Computed
from margin.models import Breach
from riskdesk.errors import sure

Rule = Breach.Rule
TITLE_CHARACTERS = 160
OF_A_POOL = "a finding of a level is of a pool that was measured"


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What the sentences may look at besides the finding; `earlier` are the marks of the run before."""

    computed: Computed
    earlier: Mapping[str, str | None]


def opened(one: Found, scene: Scene, *, again: bool = False) -> Words:
    """A rule is not kept."""
    if one.rule == Rule.MARGIN_LEVEL:
        words = _level(one, scene)
    elif one.rule == Rule.UNKNOWN_FIGURE:
        words = _unknown(one)
    elif one.rule == Rule.MISSING_CAP:
        words = _no_cap(one)
    else:
        words = _over_cap(one, scene)
    title = f"{words.title} again" if again else words.title
    return Words(title[:TITLE_CHARACTERS], words.text)


def warned(one: Found, scene: Scene) -> Words:
    """A cap is nearly used up."""
    finding = one.finding
    use = (finding.measured or ZERO) / (finding.limit or ONE)
    title = f"{_whom(one)} uses {_percent(use)} of its leverage cap"
    return Words(title[:TITLE_CHARACTERS], _paragraphs(_leverage(one, scene), _cap(one), _cause(one, scene)))


def _over_cap(one: Found, scene: Scene) -> Words:
    finding = one.finding
    limit = finding.limit or ZERO
    if finding.reason is Reason.NO_EQUITY:
        title = f"{_whom(one)} holds positions on no equity"
    else:
        title = f"{_whom(one)} is above its leverage cap: {_ratio(finding.measured)} against {_plain(limit)}"
    return Words(
        title, _paragraphs(_leverage(one, scene), _cap(one), _way_back(one, scene), _cause(one, scene))
    )


def _whom(one: Found) -> str:
    if one.measured is None:
        return one.client.client.code
    code = one.measured.fact.code
    return f"{code} in {one.instrument}" if one.instrument else code


def _leverage(one: Found, scene: Scene) -> str:
    gross, equity, currency, places = _totals(one, scene)
    money = f"{_up(gross, places)} {currency} of positions on {_down(equity, places)} {currency} of equity"
    if one.finding.measured is None:
        return f"{money}: leverage without bound."
    over = ""
    if one.measured is None:
        count = len(one.client.members)
        over = f", over {count} sub-account{'s' if count != 1 else ''}"
    elif one.instrument and one.pool is not None:
        over = f", in {_pool(one.pool.pool)}"
    return f"Leverage is {_ratio(one.finding.measured)}: {money}{over}."


def _totals(one: Found, scene: Scene) -> tuple[Fraction, Fraction, str, int]:
    """Gross, equity, their currency and its decimals."""
    rules = scene.computed.book.rules
    if one.measured is None:
        currency = rules.desks[one.desk_id].currency
        totals = one.client.totals
        gross, equity = (totals.gross, totals.equity) if totals else (ZERO, ZERO)
        return gross, equity, currency, rules.scales[currency]
    figures = one.measured.figures
    gross, equity = figures.gross or ZERO, figures.equity or ZERO
    if one.instrument and one.pool is not None:
        own = [row.notional or ZERO for row in one.pool.positions if row.instrument == one.instrument]
        gross, equity = sum(own, ZERO), one.pool.equity or ZERO
    return gross, equity, figures.base, rules.scales[figures.base]


def _cap(one: Found) -> str:
    finding = one.finding
    if finding.limit is None:
        return ""
    return f"The cap is {_plain(finding.limit)} ({finding.binding}), the tightest that applies."


def _way_back(one: Found, scene: Scene) -> str:
    gross, equity, currency, places = _totals(one, scene)
    limit = one.finding.limit or ONE
    less, more = gross - limit * max(equity, ZERO), gross / limit - equity
    cut = f"close at least {_up(less, places)} {currency} of positions or " if equity > 0 else ""
    return f"To come back inside, {cut}add {_up(more, places)} {currency} of equity."


def _level(one: Found, scene: Scene) -> Words:
    measured, pool = sure(one.measured, OF_A_POOL), sure(one.pool, OF_A_POOL)
    code, base = measured.fact.code, measured.fact.base
    liquidation = one.level is Level.LIQUIDATION
    title = f"{code} is below {'maintenance' if liquidation else 'its house requirement'}: " + (
        "liquidation" if liquidation else "margin call"
    )
    places = scene.computed.book.rules.scales[base]
    equity, house = pool.equity or ZERO, pool.house_maintenance or ZERO
    maintenance = pool.maintenance or ZERO
    figures = (
        f"{_sentence(_pool(pool.pool))} holds {_down(equity, places)} {base} of equity against a house "
        f"requirement of {_up(house, places)} {base} (maintenance {_up(maintenance, places)})."
    )
    return Words(
        title, _paragraphs(figures, _consequence(one), _deposit(one, scene, places), _cause(one, scene))
    )


def _consequence(one: Found) -> str:
    if one.level is not Level.LIQUIDATION:
        return "New risk is refused until it is covered."
    if sure(one.pool, OF_A_POOL).pool == "cross":
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
    return (
        f"A deposit of {_up(needed, places)} {base} brings it back to {_percent(policy.target)} utilisation."
    )


def _unknown(one: Found) -> Words:
    measured = sure(one.measured, "what is unknown is one account")
    code = measured.fact.code
    because = "; ".join(measured.figures.unknown_because) or "an input is missing"
    text = "No automatic action rests on it: a person decides. Positions and balances are as last recorded."
    return Words(f"The figures of {code} are unknown", _paragraphs(f"Because of: {because}.", text))


def _no_cap(one: Found) -> Words:
    code = one.client.client.code
    return Words(
        f"{code} holds positions but no leverage cap applies to it",
        "A missing cap means blocked: no new risk until one is set for the desk, the class or the client.",
    )


def _cause(one: Found, scene: Scene) -> str:
    """The largest position, and how its price moved since the run before."""
    rows = _rows(one)
    largest = max(rows, key=lambda row: row.notional or ZERO, default=None)
    if largest is None or largest.mark is None:
        return ""
    code = largest.instrument
    price = text_of(scene.computed.pinned[code].mark) if code in scene.computed.pinned else None
    earlier = scene.earlier.get(code)
    moved = ""
    if earlier is not None and Fraction(earlier) != 0:
        change = (largest.mark - Fraction(earlier)) / abs(Fraction(earlier))
        moved = f", {_signed(change)} since the run before" if change else ""
    return f"The largest position is in {code}, at {price or _plain(largest.mark)}{moved}."


def _rows(one: Found) -> list[PositionFigures]:
    if one.pool is not None:
        return list(one.pool.positions)
    members = [one.measured] if one.measured else one.client.members
    return [row for measured in members for row in measured.figures.positions]


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
    text = _paragraphs(last, band if price.low is not None else "", "Where they differ, figures are unknown.")
    return Words(f"The price of {code} {state}", text)


def feed_silent(codes: list[str]) -> Words:
    """Nothing fresh arrives any more."""
    listed = ", ".join(codes[:8]) + (" and others" if len(codes) > 8 else "")
    return Words(
        "No fresh price arrives: the feed is silent",
        _paragraphs(
            f"Every price the desk holds is stale beyond its hard limit: {listed}.",
            "Figures rest on guard bands that widen with time; look at the feed.",
        ),
    )


def shard_parked(shard: int, attempts: int, error: str) -> Words:
    """The recompute gave up."""
    return Words(
        f"Figures of shard {shard} stand still: {attempts} runs failed in a row",
        _paragraphs(
            f"The last failure: {error[:500] or 'its worker died'}.",
            "Look at the logs of the risk worker, then let it go on with `manage.py cycle --unpark`.",
        ),
    )


def _time(price: Pinned) -> str:
    return f"{price.time:%H:%M:%S} UTC" if price.time else "an unknown time"


def _sentence(words: str) -> str:
    """With a capital in front; codes inside keep theirs."""
    return words[:1].upper() + words[1:]


def _pool(name: str) -> str:
    return "the cross pool" if name == "cross" else f"the isolated pool of {name.removeprefix('isolated:')}"


def _paragraphs(*sentences: str) -> str:
    return "\n\n".join(sentence for sentence in sentences if sentence)


def _up(number: Fraction, places: int) -> str:
    return f"{shown.up(number, places):,f}"


def _down(number: Fraction, places: int) -> str:
    return f"{shown.down(number, places):,f}"


def _plain(number: Fraction) -> str:
    return text_of(shown.up(number, 18)) or "0"


def _ratio(number: Fraction | None) -> str:
    """A leverage with two decimals, up: 10.004 is shown as 10.01 against a cap of 10."""
    return "unbounded" if number is None else f"{shown.up(number, 2):f}"


def _percent(number: Fraction) -> str:
    return f"{shown.down(number * 100, 1):f} %"


def _signed(number: Fraction) -> str:
    rounded = shown.down(abs(number) * 100, 2)
    return f"{'+' if number > 0 else '−'}{rounded:f} %"
