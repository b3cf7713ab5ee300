"""The slips that change nothing anybody could see, each with its reason.

By module, the line as it stands in the source, and the change. A slip that is not named here and that no test
notices is a missing test.
"""

EQUAL = "equal either way: dividing by ±1, a boundary at which both agree, a constant taken off again"
SHORTCUT = "a shortcut: without it the same answer is found more slowly"
KEY = "a label among others: any that tells them apart will do"
FAR = "a number that only has to be far beyond all others"
GENEROUS = "a bound that nothing reaches: one more or less is the same"
UNREACHED = "asked only where an earlier line has already answered"

REASONS: dict[tuple[str, str, str], str] = {
    ("liquidation", "if len(together) == 1:", "Eq to NotEq"): SHORTCUT,
    ("liquidation", "if len(together) == 1:", "a number one larger"): SHORTCUT,
    ("liquidation", "ends = not instrument.may_be_negative", "Not dropped"): KEY,
    ("bridge", "old = [h for h in now.account.holdings if h.asset == asset]", "Eq to NotEq"): SHORTCUT,
    (
        "explain",
        "for pool, found in zip(pools_of(account), figures.pools, strict=True):",
        "True and False swapped",
    ): UNREACHED,
    ("explain", "rate = prices.rates[asset] if prices else ONE", "ONE to ZERO"): UNREACHED,
    (
        "explain",
        "rate = found.prices.rate_of(instrument) if found.prices else ONE",
        "ONE to ZERO",
    ): UNREACHED,
    (
        "explain",
        "rate = found.prices.rate_of(position.instrument) if found.prices else ONE",
        "ONE to ZERO",
    ): UNREACHED,
    ("explain", 'side = "long" if leg.side > 0 else "short"', "Gt to GtE"): EQUAL,
    (
        "distance",
        "if any(pool.level is Level.LIQUIDATION for pool in figures.pools):",
        "any to all",
    ): SHORTCUT,
    ("distance", "if figures.level >= Level.LIQUIDATION:", "GtE to Gt"): UNREACHED,
    (
        "distance",
        "return Distance(nearest((d.down for d in found), -1), nearest((d.up for d in found), 1))",
        "a number one larger",
    ): EQUAL,
    ("distance", "return Distance(ZERO, ZERO)", "ZERO to ONE"): UNREACHED,
    (
        "tiers",
        "return bisect_right(self.floors, notional) - 1 if len(self.floors) > 1 else 0",
        "Gt to GtE",
    ): SHORTCUT,
    (
        "tiers",
        "return bisect_right(self.floors, value) - 1 if len(self.floors) > 1 else 0",
        "Gt to GtE",
    ): SHORTCUT,
    ("exposure", "if row.gross is None or row.net is None:", "Or to And"): EQUAL,
    ("risk", "if self.maintenance == 0 and self.house == 0:", "And to Or"): EQUAL,
    (
        "valuation",
        "sides = [[p for p in positions if p.quantity * side > 0] for side in (1, -1)]",
        "a number one larger",
    ): KEY,
    ("valuation", "side=1 if positions[0].quantity > 0 else -1,", "Gt to GtE"): EQUAL,
    ("cascade", "most_rounds: int = 20,", "a number one larger"): GENEROUS,
    (
        "portfolio",
        "return unit * ((mark > 0) - (mark < 0)) * total_of(p.quantity for p in own)",
        "Lt to LtE",
    ): EQUAL,
    (
        "portfolio",
        "return unit * ((mark > 0) - (mark < 0)) * total_of(p.quantity for p in own)",
        "Mult to Div",
    ): EQUAL,
    ("pools", "if asset in account.recognised_caps and part.equity > 0:", "Gt to GtE"): EQUAL,
    (
        "doubt",
        "prices = replace(needed.prices, rates=rates, marks=dict(zip(codes, ends, strict=True)))",
        "True and False swapped",
    ): UNREACHED,
    (
        "doubt",
        "yield {**needed.prices.rates, **dict(zip(names, ends, strict=True))}",
        "True and False swapped",
    ): UNREACHED,
    (
        "funding",
        "owed = max(ZERO, -measured.pool.balances.get(asset, ZERO) * price)",
        "ZERO to ONE",
    ): EQUAL,
    ("funding", "if missing <= 0:", "LtE to Lt"): EQUAL,
    ("funding", "if wanted <= 0:", "LtE to Lt"): EQUAL,
    ("trades", "if before.quantity * fill.quantity > 0:", "Mult to Div"): EQUAL,
    ("trades", "if before.quantity * fill.quantity > 0:", "Gt to GtE"): EQUAL,
    ("trades", "sign = 1 if before.quantity > 0 else -1", "Gt to GtE"): EQUAL,
    ("stress", "sign = 1 if lead > 0 else -1", "Gt to GtE"): EQUAL,
    (
        "liquidation",
        "marks = {other.code: share * _sign(measured.prices.marks[other.code]) for other in related}",
        "Mult to Div",
    ): EQUAL,
    ("plan", "return wanted if position.quantity > 0 else -wanted", "Gt to GtE"): EQUAL,
    ("plan", "Choose.LARGEST_MARGIN: lambda group: ZERO,", "ZERO to ONE"): KEY,
    ("plan", "return cost / released if released > 0 else Fraction(10**18)", "a number one larger"): FAR,
    (
        "pretrade",
        "closing = min(self.closing, abs(quantity)) * (1 if quantity > 0 else -1)",
        "Mult to Div",
    ): EQUAL,
    (
        "pretrade",
        "closing = min(self.closing, abs(quantity)) * (1 if quantity > 0 else -1)",
        "Gt to GtE",
    ): EQUAL,
    ("pretrade", "sign = 1 if self.order.quantity > 0 else -1", "Gt to GtE"): EQUAL,
    ("pretrade", "middle = (low + high + 1) // 2", "a number one larger"): SHORTCUT,
    ("capped", 'side = "long" if position.quantity > 0 else "short"', "Gt to GtE"): EQUAL,
    ("shown", "MOST_DIGITS = 400", "a number one larger"): GENEROUS,
    (
        "falls",
        "hill = None if below or low != -ONE else hill_along(measured, movement, line)",
        "USub dropped",
    ): SHORTCUT,
    (
        "falls",
        "hill = None if below or low != -ONE else hill_along(measured, movement, line)",
        "ONE to ZERO",
    ): SHORTCUT,
    ("hill", "FAR = Fraction(10**100)", "a number one larger"): FAR,
    (
        "hill",
        "tier = schedule.tier_of(self.size + self.growth * s) if len(schedule.floors) > 1 else 0",
        "Gt to GtE",
    ): SHORTCUT,
    ("curves", "fall = self.slope * direction", "Mult to Div"): EQUAL,
    (
        "hill",
        "if slope * direction >= 0 if limit is None else constant + slope * limit >= 0:",
        "Mult to Div",
    ): EQUAL,
    (
        "steadied",
        "if previous is None or measured >= previous.level or risk is None:",
        "GtE to Gt",
    ): EQUAL,
    ("steadied", "if risk.maintenance == 0 and risk.equity >= 0:", "GtE to Gt"): EQUAL,
    (
        "shocked",
        "moving = total_of(weight * curve.piece(ZERO, 1)[0].at(ZERO) for weight, curve in parts)",
        "a number one larger",
    ): KEY,
    ("shocked", "low = max((zero for zero in zeros if zero < 0), default=None)", "Lt to LtE"): UNREACHED,
    ("shocked", "high = min((zero for zero in zeros if zero > 0), default=None)", "Gt to GtE"): UNREACHED,
    (
        "shocked",
        "long = size * total_of(p.quantity for p in positions if p.quantity > 0)",
        "Gt to GtE",
    ): EQUAL,
    (
        "shocked",
        "short = size * total_of(-p.quantity for p in positions if p.quantity < 0)",
        "Lt to LtE",
    ): EQUAL,
    ("shocked", "if amount > 0:", "Gt to GtE"): EQUAL,
    (
        "shocked",
        "earlier = tuple((-ONE, Recognised(haircuts, before, price)) for before in taken if before > 0)",
        "Gt to GtE",
    ): EQUAL,
    ("hill", "if value < 0:", "Lt to LtE"): UNREACHED,
    (
        "shocked",
        "return Sum(ZERO, ((-ONE, Larger(Sum(ZERO, ((-ONE, own),)), Sum(ZERO, ((-ONE, room),)))),))",
        "ZERO to ONE",
    ): EQUAL,
    (
        "curves",
        "if end is not None and (found is None or (end < found if direction > 0 else end > found)):",
        "Lt to LtE",
    ): EQUAL,
    (
        "curves",
        "if end is not None and (found is None or (end < found if direction > 0 else end > found)):",
        "Gt to GtE",
    ): EQUAL,
    ("roots", "_SQUARE_ROOT_BITS = 400", "a number one larger"): GENEROUS,
    ("roots", "_BISECTIONS = 200", "a number one larger"): GENEROUS,
    (
        "roots",
        "for this, following in zip(stops, [*stops[1:], end], strict=True):",
        "True and False swapped",
    ): UNREACHED,
    (
        "roots",
        "far = start + direction * (1 + abs(start) + max(abs(c / trimmed[-1]) for c in trimmed[:-1]))",
        "a number one larger",
    ): GENEROUS,
    ("roots", "larger = -b - root if b > 0 else -b + root", "Gt to GtE"): EQUAL,
    ("roots", "if at_low * at_high > 0:", "a number one larger"): SHORTCUT,
    ("roots", "if (at_low > 0) == (at_middle > 0):", "Gt to GtE"): EQUAL,
    ("search", "STEPS = 48", "a number one larger"): GENEROUS,
    ("search", "HALVINGS = 60", "a number one larger"): GENEROUS,
}


def reason_of(name: str, line: str, change: str) -> str:
    return REASONS.get((name, line, change), "")
