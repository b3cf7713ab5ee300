"""A second opinion on margin, written from the rulebook alone and for nothing but truth.

Takes a described account (the calculator's contract, with a few more fields) and gives its figures in
rationals. It shares no code, no arithmetic and no idea with the engine: it values by definition, and finds
prices and distances by searching for where a yes/no question changes its answer.
"""

from contextlib import suppress
from typing import Any

from gmpy2 import mpq as F

STEPS = 60
GRID = 40


class Opinion:
    """The figures of one described account at its own or at changed prices."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.request = request
        self.base = request["base_currency"]
        self.buffer = F(request.get("buffer", "0"))
        self.marks = {p["instrument"]: F(p["mark_price"]) for p in request["positions"]}
        self.prices = {c["asset"]: F(c.get("price", "1")) for c in request["collateral"]}
        self.x = {code: F(i.get("settlement_rate", "1")) for code, i in request["instruments"].items()}
        self.pool_names = ["cross"] + [
            f"isolated:{k}" for k, p in enumerate(request["positions"]) if p["mode"] == "isolated"
        ]

    def positions_in(self, pool: str) -> list[dict[str, Any]]:
        if pool == "cross":
            return [p for p in self.request["positions"] if p["mode"] == "cross"]
        return [self.request["positions"][int(pool.split(":")[1])]]

    # -- one position -------------------------------------------------------------------------------------

    def size(self, code: str, quantity: F, marks: dict[str, F]) -> F:
        own, m = self.request["instruments"][code], marks[code]
        if own.get("kind") == "inverse":
            return abs(quantity) * F(own.get("contract_size", "1")) / m
        price = abs(m)
        if own.get("allow_negative"):
            price = max(price, F(own.get("reference_price", "0")))
        return abs(quantity) * F(own.get("contract_size", "1")) * price

    def pnl(self, position: dict[str, Any], marks: dict[str, F], x: dict[str, F]) -> F:
        code = position["instrument"]
        own, m, e = self.request["instruments"][code], marks[code], F(position["entry_price"])
        q = F(position["quantity"]) * F(own.get("contract_size", "1"))
        if own.get("kind") == "inverse":
            return q * (1 / e - 1 / m) * x[code]
        return q * (m - e) * x[code]

    def leg(self, code: str, legs: list[dict[str, Any]], marks: dict[str, F]) -> tuple[F, F]:
        """(maintenance, initial) in settlement currency of the positions of one side."""
        own = self.request["instruments"][code]
        n = sum((self.size(code, F(p["quantity"]), marks) for p in legs), F(0))
        tiers = own.get("tiers", [{"floor": "0", "initial_rate": "0.01", "maintenance_rate": "0.01"}])
        d, rate_before, chosen = F(0), None, None
        for tier in tiers:
            floor, rate = F(tier["floor"]), F(tier["maintenance_rate"])
            if rate_before is not None:
                d += floor * (rate - rate_before)
            rate_before = rate
            if floor <= n:
                chosen = (F(tier["initial_rate"]), rate, F(tier.get("maintenance_amount", d)))
        imr, mmr, deduction = chosen
        mm = max(F(0), n * mmr - deduction + n * F(own.get("fee_rate", "0")))
        im = F(0)
        for p in legs:
            wanted = imr
            if p.get("leverage"):
                wanted = max(imr, 1 / F(p["leverage"]))
            im += self.size(code, F(p["quantity"]), marks) * wanted
        return mm, max(mm, im)

    # -- one balance --------------------------------------------------------------------------------------

    def recognised(self, row: dict[str, Any], value: F) -> F:
        """Unit by unit: what falls between two floors is cut by the lower one's haircut."""
        if value <= 0:
            return value
        tiers = row.get("haircut_tiers") or [{"floor": "0", "rate": row.get("haircut", "0")}]
        counted = F(0)
        for k, tier in enumerate(tiers):
            upper = F(tiers[k + 1]["floor"]) if k + 1 < len(tiers) else value
            within = min(value, upper) - F(tier["floor"])
            if within > 0:
                counted += within * (1 - F(tier["rate"]))
        return counted

    # -- a pool ---------------------------------------------------------------------------------------------

    def pool(
        self,
        name: str,
        marks: dict[str, F] | None = None,
        prices: dict[str, F] | None = None,
        x: dict[str, F] | None = None,
    ) -> dict[str, F]:
        marks, prices, x = marks or self.marks, prices or self.prices, x or self.x
        positions = self.positions_in(name)
        equity = sum((self.pnl(p, marks, x) for p in positions), F(0))
        im = mm = house = F(0)
        hedge = self.request.get("offsets", "none") == "hedge"
        for code in {p["instrument"] for p in positions}:
            sides = []
            for sign in (1, -1):
                legs = [p for p in positions if p["instrument"] == code and F(p["quantity"]) * sign > 0]
                if legs:
                    sides.append(self.leg(code, legs, marks))
            maintenance = (
                max((s[0] for s in sides), default=F(0)) if hedge else sum((s[0] for s in sides), F(0))
            )
            initial = max((s[1] for s in sides), default=F(0)) if hedge else sum((s[1] for s in sides), F(0))
            mm += maintenance * x[code]
            im += initial * x[code]
            own_buffer = F(self.request["instruments"][code].get("buffer", "0"))
            house += maintenance * x[code] * (1 + self.buffer + own_buffer)
        if name == "cross":
            for row in self.request["collateral"]:
                value = F(row["amount"]) * prices[row["asset"]]
                equity += self.recognised(row, value)
                if value < 0 and row["asset"] != self.base:
                    owed = -value * F(row.get("liability_rate", "0"))
                    im, mm, house = im + owed, mm + owed, house + owed * (1 + self.buffer)
        else:
            equity += F(positions[0]["isolated_margin"])
        return {"equity": equity, "initial": im, "maintenance": mm, "house_maintenance": house}

    def level(self, found: dict[str, F]) -> str:
        e, mm, house = found["equity"], found["maintenance"], found["house_maintenance"]
        if mm == 0:
            return "normal" if e >= 0 else "liquidation"
        or_equal = self.request.get("at_threshold", "lt") == "le"
        if e < mm or (or_equal and e == mm):
            return "liquidation"
        if e < house or (or_equal and e == house):
            return "margin_call"
        used = house / e
        for name, line in (("danger", F(8, 10)), ("at_risk", F(7, 10)), ("watch", F(6, 10))):
            if used >= line:
                return name
        return "normal"

    def scale(self, name: str) -> F:
        total = F(0)
        if name == "cross":
            total += sum(
                (abs(F(c["amount"]) * self.prices[c["asset"]]) for c in self.request["collateral"]), F(0)
            )
        for p in self.positions_in(name):
            code, q = p["instrument"], F(p["quantity"])
            entry = {code: F(p["entry_price"])}
            total += (self.size(code, q, self.marks) + self.size(code, q, entry)) * self.x[code]
        return total or F(1)

    # -- when prices move ------------------------------------------------------------------------------------

    def with_mark(self, pool: str, code: str, mark: F) -> dict[str, F]:
        """The pool with this instrument at another mark, and what names its underlying in proportion."""
        marks, prices, x = dict(self.marks), dict(self.prices), dict(self.x)
        underlying = self.request["instruments"][code].get("underlying", "")
        if underlying and self.marks[code]:
            ratio = mark / self.marks[code]
            for other, own in self.request["instruments"].items():
                if own.get("underlying", "") == underlying and other in marks:
                    marks[other] = self.marks[other] * ratio
                    if own.get("kind") == "inverse" and underlying != self.base:
                        x[other] = self.x[other] * ratio
            if underlying in prices and underlying != self.base:
                prices[underlying] = self.prices[underlying] * ratio
        marks[code] = mark
        return self.pool(pool, marks, prices, x)

    def shocked(self, pool: str, s: F) -> dict[str, F]:
        """The pool after a market-wide shock s."""
        marks, prices, x = {}, {}, {}
        for code, m in self.marks.items():
            own = self.request["instruments"][code]
            moved = m + F(own.get("loading", "1")) * s * abs(m)
            may_be_negative = own.get("allow_negative") and own.get("kind") != "inverse"
            marks[code] = moved if may_be_negative else max(F(0), moved)
            x[code] = self.x[code] * max(F(0), 1 + F(own.get("fx_loading", "0")) * s)
        for code in self.x.keys() - x.keys():
            x[code] = self.x[code]
        for row in self.request["collateral"]:
            asset = row["asset"]
            loading = F(0) if asset == self.base else F(row.get("loading", "1"))
            prices[asset] = max(F(0), self.prices[asset] * (1 + loading * s))
        return self.pool(pool, marks, prices, x)


def boundary(is_safe: Any, safe: F, unsafe: F) -> F:
    """Where the answer changes between two points that answer differently."""
    for _ in range(STEPS):
        middle = (safe + unsafe) / 2
        if is_safe(middle):
            safe = middle
        else:
            unsafe = middle
    return safe


def search(is_safe: Any, start: F, points: list[F]) -> F | None:
    """The first change of answer on the way through the points."""
    here = is_safe(start)
    before = start
    for point in points:
        if is_safe(point) != here:
            return (
                boundary(is_safe, before, point)
                if here
                else boundary(lambda s: not is_safe(s), before, point)
            )
        before = point
    return None


def liquidation_price(opinion: Opinion, pool: str, code: str, line: str = "maintenance") -> F | None:
    """The nearer mark at which the pool's equity meets the line, by searching both ways."""
    mark = opinion.marks[code]
    own = opinion.request["instruments"][code]

    def is_safe(m: F) -> bool:
        found = opinion.with_mark(pool, code, m)
        return found["equity"] >= (found[line] if line else 0)

    unit = abs(mark) or F(1)
    up = [mark + unit * F(2) ** k / 64 for k in range(GRID)]
    if own.get("allow_negative") and own.get("kind") != "inverse":
        down = [mark - unit * F(2) ** k / 64 for k in range(GRID)]
    else:
        down = [mark * (1 - F(k, 8)) for k in range(1, 8)] + [mark / F(2) ** k for k in range(4, GRID)]
    found = [price for price in (search(is_safe, mark, down), search(is_safe, mark, up)) if price is not None]
    return min(found, key=lambda price: (abs(price - mark), price), default=None)


def crosses_at(opinion: Opinion, pool: str, code: str, price: F, line: str) -> bool:
    """Whether the answer differs on both sides of this mark, and is not only touched at it."""
    hair = abs(opinion.marks[code]) * F(1, 10**9)
    both = [opinion.with_mark(pool, code, price + side * hair) for side in (-1, 1)]
    below, above = (found["equity"] >= (found[line] if line else 0) for found in both)
    return below != above


def distance(opinion: Opinion, direction: int) -> F | None:
    """The first shock beyond which some pool falls below its maintenance, by searching outwards."""

    def is_safe(s: F) -> bool:
        return all_are_safe(opinion, s)

    if not is_safe(F(0)):
        return F(0)
    last = end_of_prices(opinion, direction)
    points = [last * F(k, GRID) for k in range(1, GRID)]
    nearly = last - direction * F(1, 10**9)
    return search(is_safe, F(0), [*points, nearly])


def end_of_prices(opinion: Opinion, direction: int) -> F:
    """How far the search may go: to where the price of some inverse contract is nothing."""
    last = F(-1) if direction < 0 else F(10)
    for position in opinion.request["positions"]:
        own = opinion.request["instruments"][position["instrument"]]
        loading = F(own.get("loading", "1"))
        if own.get("kind") == "inverse" and loading * direction < 0:
            last = direction * min(abs(last), abs(1 / loading))  # there 1/m has no value any more
    return last


def all_are_safe(opinion: Opinion, s: F) -> bool:
    """Whether every pool has its maintenance after this shock.

    One that has no value there is short of an inverse contract at a price of nothing: it gains without end
    (a long one has fallen before).
    """
    for name in opinion.pool_names:
        with suppress(ZeroDivisionError):
            found = opinion.shocked(name, s)
            if found["equity"] < found["maintenance"]:
                return False
    return True


def falls_at(opinion: Opinion, s: F) -> bool:
    """Whether that ends at this shock: it does not have to be the first."""
    gap = abs(end_of_prices(opinion, -1 if s < 0 else 1) - s)
    hair = min(abs(s), gap or abs(s)) * F(1, 10**12) * (-1 if s < 0 else 1)
    return all_are_safe(opinion, s - hair) and not all_are_safe(opinion, s + hair)
