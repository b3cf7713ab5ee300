"""Random accounts in the calculator's shape, with a taste for trouble.

Thresholds hit exactly and one unit beside, sizes on tier floors, negative prices, huge and tiny numbers,
balances that cancel, hedges, same-coin collateral, empty pools, debts.
"""

from fractions import Fraction
from random import Random
from typing import Any

Request = dict[str, Any]


def random_account(seed: int) -> Request:
    rnd = Random(seed)
    base = rnd.choice(["USD", "USD", "USD", "BTC"])
    codes = ["AAA", "BBB", "CCC"][: rnd.choice([1, 1, 2, 3])]
    request: Request = {
        "base_currency": base,
        "buffer": rnd.choice(["0", "0", "0.10", "0.25"]),
        "offsets": rnd.choice(["none", "none", "hedge"]),
        "at_threshold": rnd.choice(["lt", "lt", "le"]),
        "instruments": {code: _instrument(rnd, base) for code in codes},
        "collateral": _collateral(rnd, base),
        "positions": [],
    }
    marks = {code: _mark(rnd, request["instruments"][code]) for code in codes}
    for _ in range(rnd.choice([0, 1, 1, 2, 2, 3, 4])):
        request["positions"].append(_position(rnd, request, rnd.choice(codes), marks))
    request["instruments"] = {
        code: own
        for code, own in request["instruments"].items()
        if any(p["instrument"] == code for p in request["positions"])
    }
    return request


def plain(number: Fraction) -> str:
    """A fraction with a power of ten below, as plain digits."""
    text = f"{number * 10**18:.0f}" if isinstance(number, float) else str((number * 10**18).__floor__())
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    digits = digits.rjust(19, "0")
    return f"{sign}{digits[:-18]}.{digits[-18:]}".rstrip("0").rstrip(".")


def _decimal(rnd: Random, low: float, high: float, places: int) -> str:
    return plain(Fraction(str(round(rnd.uniform(low, high), places))))


def _instrument(rnd: Random, base: str) -> Request:
    count = rnd.choice([1, 1, 2, 3, 5])
    rate = Fraction(rnd.randint(1, 100), 1000)
    floors, rates = [Fraction(0)], [rate]
    for _ in range(count - 1):
        floors.append(floors[-1] + rnd.choice([50, 1_000, 50_000, 1_000_000]))
        rates.append(min(Fraction(1), rates[-1] + Fraction(rnd.randint(0, 80), 1000)))
    lift = Fraction(rnd.choice([0, 5, 20]), 1000)
    own: Request = {
        "kind": rnd.choice(["linear", "linear", "linear", "inverse"]),
        "contract_size": rnd.choice(["1", "1", "0.001", "100"]),
        "fee_rate": rnd.choice(["0", "0", "0.0005"]),
        "buffer": rnd.choice(["0", "0", "0.05"]),
        "loading": rnd.choice(["1", "1", "0.5", "1.5", "0", "-0.3"]),
        "tiers": [
            {
                "floor": plain(floor),
                "initial_rate": plain(min(Fraction(1), rate + lift)),
                "maintenance_rate": plain(rate),
            }
            for floor, rate in zip(floors, rates, strict=True)
        ],
    }
    if own["kind"] == "inverse":
        own["underlying"] = rnd.choice(["BTC", "BTC", ""])
        own["settlement_rate"] = "1" if base == "BTC" else "50000"
    else:
        own["underlying"] = rnd.choice(["", "", "BTC"])
        own["settlement_rate"] = rnd.choice(["1", "1", "1.0837", "0.000023"])
        if rnd.random() < 0.2:
            own["allow_negative"] = True
            own["underlying"] = rnd.choice(["", "OIL"])
            own["reference_price"] = rnd.choice(["0", "0", "5"])
        if rnd.random() < 0.1:
            own["fx_loading"] = rnd.choice(["0.5", "-0.2"])
    return own


def _mark(rnd: Random, own: Request) -> str:
    if own.get("allow_negative") and rnd.random() < 0.5:
        return rnd.choice(["-37.63", "0", "2", "-0.01", "5"])
    if rnd.random() < 0.1:
        return rnd.choice(["0.00000001", "100000000"])
    return rnd.choice([_decimal(rnd, 0.5, 200, 4), _decimal(rnd, 1_000, 60_000, 2), "100", "50000"])


def _position(rnd: Random, request: Request, code: str, marks: dict[str, str]) -> Request:
    own, mark = request["instruments"][code], Fraction(marks[code])
    size = Fraction(own["contract_size"])
    wanted = Fraction(rnd.choice([10, 500, 50_000, 3_000_000]))
    if rnd.random() < 0.3 and len(own["tiers"]) > 1:
        wanted = Fraction(rnd.choice(own["tiers"])["floor"]) or wanted
    unit = size / mark if own["kind"] == "inverse" else size * abs(mark)
    quantity = Fraction(plain(wanted / unit)) if unit else Fraction(10)
    quantity = quantity or Fraction(1)
    if rnd.random() < 0.3:
        quantity = Fraction(rnd.randint(1, 40))
    moved = mark * Fraction(rnd.choice([100, 98, 95, 103, 120]), 100)
    entry = plain(moved) if moved > 0 or own.get("allow_negative") else marks[code]
    if Fraction(entry) == 0 and not own.get("allow_negative"):
        entry = marks[code]
    position: Request = {
        "instrument": code,
        "mode": rnd.choice(["cross", "cross", "isolated"]),
        "quantity": plain(quantity * rnd.choice([1, -1])),
        "entry_price": entry,
        "mark_price": marks[code],
    }
    if rnd.random() < 0.3:
        position["leverage"] = rnd.choice(["1", "3", "20", "125"])
    if position["mode"] == "isolated":
        position["isolated_margin"] = plain(wanted * Fraction(rnd.randint(0, 300), 1000))
    return position


def _collateral(rnd: Random, base: str) -> list[Request]:
    amount = rnd.choice(["0", "100", "5000", "12500", "1000000", "-50", _decimal(rnd, 0, 90_000, 2)])
    if base == "BTC":
        amount = rnd.choice(["0", "0.05", "0.2", "3", "-0.01"])
    rows: list[Request] = [{"asset": base, "amount": amount}]
    if base != "BTC" and rnd.random() < 0.5:
        rows.append(_coin(rnd, "BTC", "50000", ["0.1", "1", "2.5", "-0.2"]))
    if rnd.random() < 0.3:
        rows.append(_coin(rnd, "USDT", "0.9998", ["5000", "60000", "-3000"]) | {"loading": "0"})
    if rnd.random() < 0.1:
        rows[0]["amount"] = "1000000000000000"
        rows.append(_coin(rnd, "EURX", "1", ["-999999999999950.25"]) | {"liability_rate": "0"})
    return rows


def _coin(rnd: Random, asset: str, price: str, amounts: list[str]) -> Request:
    row: Request = {"asset": asset, "amount": rnd.choice(amounts), "price": price}
    if rnd.random() < 0.5:
        row["haircut_tiers"] = [
            {"floor": "0", "rate": rnd.choice(["0", "0.1"])},
            {"floor": rnd.choice(["60000", "50000", "10000"]), "rate": "0.2"},
            {"floor": "120000", "rate": rnd.choice(["0.5", "1"])},
        ]
    else:
        row["haircut"] = rnd.choice(["0", "0.05", "0.5"])
    row["liability_rate"] = rnd.choice(["0", "0.05"])
    row["loading"] = rnd.choice(["1", "1", "0.8", "1.3"])
    return row


def on_the_line(request: Request, needed: Fraction) -> Request:
    """The same account with its wallet moved so that the cross pool meets `needed` more equity exactly."""
    amount = Fraction(request["collateral"][0]["amount"]) + needed
    rows = [{**request["collateral"][0], "amount": plain(amount)}, *request["collateral"][1:]]
    return {**request, "collateral": rows}
