"""A revaluation in DuckDB: tables in memory in pool order, one statement for pools and one for accounts.

Requirements of rising rates are the largest of their tiers' lines, haircuts the least: no search for a tier.
"""

import duckdb
import numpy as np

from margin.engine.columns import MOST_TIERS
from margin.engine.kernels import (
    ALPHA,
    BETA,
    BUFFER,
    CHARGES,
    COUNTED,
    CUT_OFFSETS,
    DEDUCTIONS,
    FLOORS,
    INITIAL,
    OMEGA,
    OWED_INITIAL,
    OWED_MAINTENANCE,
    RATE,
    SIGN,
    Tick,
)
from tests.benchmarks.baselines.answer import NAMES, Answer
from tests.benchmarks.baselines.legs import legs_of
from tests.benchmarks.random_book import Book

TIERS = range(MOST_TIERS)
CUTS = range(3)
MAINTENANCE = "greatest(0, " + ", ".join(f"abs(held) * omega * c{k} - d{k}" for k in TIERS) + ")"
OF_TIER = "CASE " + " ".join(f"WHEN abs(held) * omega >= f{k} THEN i{k}" for k in reversed(TIERS)) + " END"
WORTH = "least(" + ", ".join(f"amount * rate * h{k} + g{k}" for k in CUTS) + ")"

LEGS = f"""
    WITH parts AS MATERIALIZED (
        SELECT leg, sum(part_size * omega * greatest({OF_TIER}, part_lever)) AS asked
        FROM part JOIN tick USING (row) GROUP BY leg),
    priced AS (
        SELECT pool, held * alpha + cost * beta AS pnl, abs(held) * omega AS notional, held * sign AS net,
               {MAINTENANCE} AS mm, greatest({OF_TIER}, lever) AS rate, own_buffer, asked
        FROM leg JOIN tick USING (row) LEFT JOIN parts ON leg.several = parts.leg),
    held AS (
        SELECT pool, sum(pnl) AS pnl, sum(greatest(mm, coalesce(asked, notional * rate))) AS im, sum(mm) AS mm,
               sum(mm * own_buffer) AS extra, sum(notional) AS gross, sum(net) AS net
        FROM priced GROUP BY pool),
    owned AS (
        SELECT pool, sum(CASE WHEN amount >= 0 THEN {WORTH} ELSE amount * rate END) AS worth,
               sum(-least(amount, 0) * rate * owed_initial) AS im,
               sum(-least(amount, 0) * rate * owed_maintenance) AS mm
        FROM balance JOIN asset USING (base, asset) GROUP BY pool),
    figures AS (
        SELECT pool, account, nth, owned.worth + coalesce(pnl, 0) AS equity, owned.im + coalesce(held.im, 0) AS initial,
               owned.mm + coalesce(held.mm, 0) AS maintenance,
               (owned.mm + coalesce(held.mm, 0)) * (1 + buffer) + coalesce(extra, 0) AS house_maintenance,
               coalesce(gross, 0) AS gross, coalesce(net, 0) AS net
        FROM pool JOIN owned USING (pool) LEFT JOIN held USING (pool))
    SELECT *, CASE WHEN maintenance = 0 AND house_maintenance = 0 THEN (equity < 0)::INT * 5
               ELSE (house_maintenance >= $watch * equity)::INT + (house_maintenance >= $at_risk * equity)::INT
                    + (house_maintenance >= $danger * equity)::INT + (equity < house_maintenance)::INT
                    + (equity < maintenance)::INT END::UTINYINT AS level
    FROM figures"""  # noqa: E501 - one statement, built from our own names
ACCOUNTS = """
    SELECT account, sum(CASE WHEN nth = 0 THEN equity ELSE greatest(0, equity) END) AS equity, sum(gross) AS gross,
           CASE WHEN sum(gross) = 0 THEN 0
                WHEN sum(CASE WHEN nth = 0 THEN equity ELSE greatest(0, equity) END) > 0
                THEN sum(gross) / sum(CASE WHEN nth = 0 THEN equity ELSE greatest(0, equity) END)
                ELSE 'inf'::DOUBLE END AS leverage
    FROM found GROUP BY account"""  # noqa: E501


class ByDuckDB:
    """Prepared once; `revalue` writes the new prices and makes the table of figures."""

    def __init__(self, book: Book, threads: int = 2) -> None:
        self.book = book
        self.base = duckdb.connect(config={"threads": threads})
        legs, columns = legs_of(book), book.columns
        numbers = np.arange(len(legs.row))
        several = np.full(len(numbers), -1)
        several[np.unique(legs.part_leg)] = np.unique(legs.part_leg)
        self._table(
            "leg", pool=legs.pool.astype(np.int32), row=legs.row.astype(np.int16), held=legs.held,
            cost=legs.cost, lever=legs.lever, several=several.astype(np.int32),
        )  # fmt: skip
        self._table(
            "part", leg=legs.part_leg.astype(np.int32), row=legs.row[legs.part_leg].astype(np.int16),
            held=legs.held[legs.part_leg], part_size=legs.part_size, part_lever=legs.part_lever,
        )  # fmt: skip
        pools = np.arange(columns.pool_count, dtype=np.int32)
        nth = pools - columns.account_start[book.pool_account]
        self._table("pool", pool=pools, account=book.pool_account, nth=nth, buffer=columns.pool_buffer)
        owner = np.repeat(pools, np.diff(columns.balance_start))
        self._table(
            "balance", pool=owner, base=columns.pool_base[owner],
            asset=columns.balance_asset.astype(np.uint8), amount=columns.balance_amount,
        )  # fmt: skip

    def _table(self, name: str, **columns: np.ndarray) -> None:
        self.base.register("given", columns)
        self.base.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
        self.base.unregister("given")

    def revalue(self, tick: Tick) -> Answer:
        self.tick(tick)
        return self.fetch()

    def tick(self, tick: Tick) -> None:
        """New prices in, new figures as tables in memory: what is timed."""
        self._prices(tick)
        watch, at_risk, danger = (float(line) for line in tick.thresholds[0, :3])
        lines = {"watch": watch, "at_risk": at_risk, "danger": danger}
        self.base.execute(f"CREATE OR REPLACE TABLE found AS {LEGS}", lines)
        self.base.execute(f"CREATE OR REPLACE TABLE total AS {ACCOUNTS}")

    def _prices(self, tick: Tick) -> None:
        rows = tick.rows.reshape(-1, tick.rows.shape[2])
        named = {"alpha": ALPHA, "beta": BETA, "omega": OMEGA, "sign": SIGN, "own_buffer": BUFFER}
        columns = {name: np.ascontiguousarray(rows[:, at]) for name, at in named.items()}
        for letter, first in (("f", FLOORS), ("i", INITIAL), ("c", CHARGES), ("d", DEDUCTIONS)):
            columns |= {f"{letter}{k}": np.ascontiguousarray(rows[:, first + k]) for k in TIERS}
        self._table("tick", row=np.arange(len(rows), dtype=np.int16), **columns)
        found = tick.assets.reshape(-1, tick.assets.shape[2])
        bases, assets = tick.assets.shape[:2]
        named = {"rate": RATE, "owed_initial": OWED_INITIAL, "owed_maintenance": OWED_MAINTENANCE}
        named |= {f"h{k}": COUNTED + k for k in CUTS} | {f"g{k}": CUT_OFFSETS + k for k in CUTS}
        self._table(
            "asset", base=np.repeat(np.arange(bases, dtype=np.uint8), assets),
            asset=np.tile(np.arange(assets, dtype=np.uint8), bases),
            **{name: np.ascontiguousarray(found[:, at]) for name, at in named.items()},
        )  # fmt: skip

    def fetch(self) -> Answer:
        found = self.base.execute("SELECT * FROM found ORDER BY pool").fetchnumpy()
        total = self.base.execute("SELECT * FROM total ORDER BY account").fetchnumpy()
        figures = np.column_stack([found[name] for name in NAMES])
        return Answer(figures, found["level"], total["equity"], total["gross"], total["leverage"])
