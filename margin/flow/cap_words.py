"""What is said of a cap that is exceeded or nearly so: kind by kind, one line each in `SAID`.

Takes a finding about a cap; gives its texts. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from margin import formats
from margin.engine import shown
from margin.engine.figures import Reason
from margin.engine.measures import AnyKind, LimitKind, Used, WholeKind
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO
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
    up,
    whom,
)
from margin.flow.show import plain

Phrase = Callable[[Found, Scene], str]


@dataclass(frozen=True, slots=True)
class Saying:
    """What a kind of cap is called, and what is said: how much is used, how much may be, the way back."""

    name: str
    used: Phrase
    allowed: Phrase
    measured: Phrase
    way_back: Phrase


def near_cap(one: Found, scene: Scene) -> Words:
    """A cap is nearly used up."""
    finding, saying = one.finding, saying_of(one)
    use = (finding.measured or ZERO) / (finding.limit or ONE)
    title = f"{whom(one)} uses {percent(use)} of its {saying.name}"
    text = paragraphs(saying.measured(one, scene), _cap(one, scene), cause(one, scene))
    return Words(title[:TITLE_CHARACTERS], text)


def over_cap(one: Found, scene: Scene) -> Words:
    saying = saying_of(one)
    if one.finding.reason is Reason.NO_EQUITY:
        title = f"{whom(one)} holds positions on no equity"
    else:
        figures = f"{saying.used(one, scene)} against {saying.allowed(one, scene)}"
        title = f"{whom(one)} is above its {saying.name}: {figures}"
    text = (saying.measured(one, scene), _cap(one, scene), saying.way_back(one, scene), cause(one, scene))
    return Words(title, paragraphs(*text))


def saying_of(one: Found) -> Saying:
    return SAID[one.kind] if one.kind else OF_SCHEDULE


def _cap(one: Found, scene: Scene) -> str:
    allowed = saying_of(one).allowed(one, scene)
    version = f", version {one.limit_id}" if one.limit_id else ""
    return f"The cap is {allowed} ({one.finding.binding}{version}), the tightest that applies."


def _used(one: Found) -> Used:
    return one.finding.used or Used(ZERO)


def _limit(one: Found) -> Fraction:
    return one.finding.limit or ONE


def _over(one: Found) -> str:
    """What was added up."""
    if one.measured is None:
        return f", over {formats.counted(len(one.client.members), 'sub-account')}"
    return f", in {pool_named(one.pool.pool)}" if one.pool is not None else ""


def _ratio(one: Found, _: Scene) -> str:
    """Two decimals, up: 10.004 is shown as 10.01 against a cap of 10."""
    measured = one.finding.measured
    return "unbounded" if measured is None else f"{shown.up(measured, 2):f}"


def _times(one: Found, _: Scene) -> str:
    return plain(_limit(one))


def _leverage(one: Found, scene: Scene) -> str:
    used, places = _used(one), scene.places(one.currency)
    amounts = up(used.amount, places), down(used.per, places)
    money = "{} {unit} of positions on {} {unit} of equity".format(*amounts, unit=one.currency)
    if one.finding.measured is None:
        return f"{money}: leverage without bound."
    return f"Leverage is {_ratio(one, scene)}: {money}{_over(one)}."


def _close_or_add(one: Found, scene: Scene) -> str:
    used, limit, places = _used(one), _limit(one), scene.places(one.currency)
    less, more = used.amount - limit * max(used.per, ZERO), used.amount / limit - used.per
    cut = f"close at least {up(less, places)} {one.currency} of positions or " if used.per > 0 else ""
    return f"To come back inside, {cut}add {up(more, places)} {one.currency} of equity."


def _money(one: Found, scene: Scene) -> str:
    return f"{up(_used(one).amount, scene.places(one.currency))} {one.currency}"


def _allowed_money(one: Found, _: Scene) -> str:
    return f"{Decimal(plain(_limit(one))):,f} {one.currency}"


def _gross(one: Found, scene: Scene) -> str:
    return f"Gross exposure is {_money(one, scene)}{_over(one)}."


def _net(one: Found, scene: Scene) -> str:
    return f"Net exposure is {_money(one, scene)}, longs less shorts{_over(one)}."


def _leg(one: Found, scene: Scene) -> str:
    return f"The {one.detail['side']} positions in {one.instrument} are {_money(one, scene)}{_over(one)}."


def _in_money(name: str, measured: Phrase, deed: str) -> Saying:
    """A cap on an amount: the way back is to do that much of the deed."""

    def way_back(one: Found, scene: Scene) -> str:
        excess = up(_used(one).amount - _limit(one), scene.places(one.currency))
        return f"To come back inside, {deed} at least {excess} {one.currency} of positions."

    return Saying(name, _money, _allowed_money, measured, way_back)


def _share(one: Found, _: Scene) -> str:
    measured = one.finding.measured
    return percent(measured) if measured is not None else "all"


def _allowed_share(one: Found, _: Scene) -> str:
    return f"{plain(_limit(one) * 100)} %"


def _part_of(one: Found, scene: Scene) -> str:
    used, places = _used(one), scene.places(one.currency)
    return f"{up(used.amount, places)} {one.currency} of {up(used.per, places)} {one.currency}"


def _one_asset(one: Found, scene: Scene) -> str:
    said = f"{_part_of(one, scene)} of positions{_over(one)} are a bet on one asset"
    return f"{said}: {_share(one, scene)}."


def _one_way(one: Found, scene: Scene) -> str:
    said = f"When the market moves, {_part_of(one, scene)}{_over(one)} go one way"
    return f"{said}: {_share(one, scene)}."


def _worst_loss(one: Found, scene: Scene) -> str:
    return f"The position that lost most is {_money(one, scene)} below its entry."


def _collateral(one: Found, scene: Scene) -> str:
    said = f"{_part_of(one, scene)} of collateral{_over(one)} are in one asset"
    return f"{said}: {_share(one, scene)}."


def _of_share(name: str, measured: Phrase, deed: str) -> Saying:
    return Saying(name, _share, _allowed_share, measured, lambda _, __: f"To come back inside, {deed}.")


SAID: Mapping[AnyKind, Saying] = {
    WholeKind.ONE_ASSET: _of_share("cap on one asset", _one_asset, "close some of it or spread over others"),
    WholeKind.ONE_WAY: _of_share("cap on what goes one way", _one_way, "hedge some of it"),
    WholeKind.WORST_LOSS: Saying(
        "cap on the loss of one position",
        _money,
        _allowed_money,
        _worst_loss,
        lambda _, __: "Close the position, or agree upon another cap.",
    ),
    WholeKind.COLLATERAL: _of_share("cap on collateral in one asset", _collateral, "exchange some of it"),
    LimitKind.LEVERAGE: Saying("leverage cap", _ratio, _times, _leverage, _close_or_add),
    LimitKind.GROSS: _in_money("cap on gross exposure", _gross, "close"),
    LimitKind.NET: _in_money("cap on net exposure", _net, "close or offset"),
}
OF_SCHEDULE = _in_money("position limit", _leg, "close")
