"""A revaluation in Polars: lazy frames in pool order, sorted keys declared, one plan for the optimiser."""

import numpy as np
import polars as pl

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
from tests.benchmarks.random_book import ASSETS, Book

TIERS = range(MOST_TIERS)
CUTS = range(3)
col = pl.col


def rate() -> pl.Expr:
    """The initial rate of the tier that owns the notional."""
    found = col("i0")
    for k in TIERS[1:]:
        found = pl.when(col("notional") >= col(f"f{k}")).then(col(f"i{k}")).otherwise(found)
    return found


class ByPolars:
    """Prepared once; `revalue` is what a tick costs."""

    def __init__(self, book: Book) -> None:
        legs, columns = legs_of(book), book.columns
        numbers = np.arange(len(legs.row), dtype=np.int32)
        self.legs = pl.DataFrame(
            {"leg": numbers, "pool": legs.pool.astype(np.int32), "row": legs.row.astype(np.uint16),
             "held": legs.held, "cost": legs.cost, "lever": legs.lever}
        ).with_columns(col("pool").set_sorted(), col("leg").set_sorted())  # fmt: skip
        self.parts = pl.DataFrame(
            {"leg": legs.part_leg.astype(np.int32), "row": legs.row[legs.part_leg].astype(np.uint16),
             "held": legs.held[legs.part_leg], "part_size": legs.part_size, "part_lever": legs.part_lever}
        )  # fmt: skip
        pools = np.arange(columns.pool_count, dtype=np.int32)
        nth = pools - columns.account_start[book.pool_account]
        self.pools = pl.DataFrame(
            {"pool": pools, "account": book.pool_account, "nth": nth, "buffer": columns.pool_buffer}
        ).with_columns(col("pool").set_sorted(), col("account").set_sorted())
        owner = np.repeat(pools, np.diff(columns.balance_start))
        key = columns.pool_base[owner].astype(np.uint8) * len(ASSETS) + columns.balance_asset.astype(np.uint8)
        self.balances = pl.DataFrame(
            {"pool": owner, "key": key, "amount": columns.balance_amount}
        ).with_columns(col("pool").set_sorted())

    def revalue(self, tick: Tick) -> Answer:
        found, total = self.tick(tick)
        figures = np.column_stack([found[name].to_numpy() for name in NAMES])
        return Answer(
            figures,
            found["level"].to_numpy(),
            *(total[n].to_numpy() for n in ("equity", "gross", "leverage")),
        )

    def tick(self, tick: Tick) -> tuple[pl.DataFrame, pl.DataFrame]:
        """New prices in, new figures as frames: what is timed."""
        table, assets = _table(tick).lazy(), _assets(tick).lazy()
        notional = (col("held").abs() * col("omega")).alias("notional")
        asked = (
            self.parts.lazy().join(table, on="row").with_columns(notional)
            .with_columns(rate=pl.max_horizontal(rate(), "part_lever"))
            .group_by("leg").agg(asked=(col("part_size") * col("omega") * col("rate")).sum())
        )  # fmt: skip
        maintenance = pl.max_horizontal(
            pl.lit(0.0), *(col("notional") * col(f"c{k}") - col(f"d{k}") for k in TIERS)
        )
        held = (
            self.legs.lazy().join(table, on="row", how="left", maintain_order="left").with_columns(notional)
            .join(asked, on="leg", how="left", maintain_order="left")
            .select(
                "pool", "notional", mm=maintenance, own="own_buffer",
                pnl=col("held") * col("alpha") + col("cost") * col("beta"), net=col("held") * col("sign"),
                asked=col("asked").fill_null(col("notional") * pl.max_horizontal(rate(), "lever")),
            )
            .with_columns(im=pl.max_horizontal("mm", "asked"), extra=col("mm") * col("own"))
            .with_columns(col("pool").set_sorted())
            .group_by("pool").agg(col("pnl", "im", "mm", "extra", "notional", "net").sum())
        )  # fmt: skip
        value, debt = col("amount") * col("rate"), -pl.min_horizontal("amount", pl.lit(0.0)) * col("rate")
        counted = pl.min_horizontal(*(value * col(f"h{k}") + col(f"g{k}") for k in CUTS))
        owned = (
            self.balances.lazy().join(assets, on="key", how="left", maintain_order="left")
            .select("pool", worth=pl.when(col("amount") >= 0).then(counted).otherwise(value),
                    owed_im=debt * col("owed_initial"), owed_mm=debt * col("owed_maintenance"))
            .with_columns(pool=col("pool").set_sorted())
            .group_by("pool").agg(col("worth", "owed_im", "owed_mm").sum())
        )  # fmt: skip
        found = (
            self.pools.lazy().join(owned, on="pool", how="left", maintain_order="left")
            .join(held, on="pool", how="left", maintain_order="left")
            .with_columns(col("pnl", "im", "mm", "extra", "notional", "net").fill_null(0.0))
            .select(
                "account", "nth", equity=col("worth") + col("pnl"), initial=col("owed_im") + col("im"),
                maintenance=col("owed_mm") + col("mm"),
                house_maintenance=(col("owed_mm") + col("mm")) * (1 + col("buffer")) + col("extra"),
                gross="notional", net="net",
            )
            .with_columns(level=_level(tick))
        ).collect()  # fmt: skip
        floored = pl.when(col("nth") == 0).then("equity").otherwise(pl.max_horizontal("equity", pl.lit(0.0)))
        total = (
            found.lazy().select(col("account").set_sorted(), equity=floored, gross="gross")
            .group_by("account", maintain_order=True).agg(col("equity", "gross").sum())
            .with_columns(leverage=pl.when(col("gross") == 0).then(0.0).when(col("equity") > 0)
                          .then(col("gross") / col("equity")).otherwise(float("inf")))
        ).collect()  # fmt: skip
        return found, total


def _level(tick: Tick) -> pl.Expr:
    house, equity, maintenance = col("house_maintenance"), col("equity"), col("maintenance")
    steps = [house >= float(line) * equity for line in tick.thresholds[0, :3]]
    steps += [equity < house, equity < maintenance]
    level = pl.sum_horizontal(*(step.cast(pl.UInt8) for step in steps))
    empty = (maintenance == 0) & (house == 0)
    return pl.when(empty).then((equity < 0).cast(pl.UInt8) * 5).otherwise(level).cast(pl.UInt8)


def _table(tick: Tick) -> pl.DataFrame:
    rows = tick.rows.reshape(-1, tick.rows.shape[2])
    named = {"alpha": ALPHA, "beta": BETA, "omega": OMEGA, "sign": SIGN, "own_buffer": BUFFER}
    columns = {name: np.ascontiguousarray(rows[:, at]) for name, at in named.items()}
    for letter, first in (("f", FLOORS), ("i", INITIAL), ("c", CHARGES), ("d", DEDUCTIONS)):
        columns |= {f"{letter}{k}": np.ascontiguousarray(rows[:, first + k]) for k in TIERS}
    return pl.DataFrame({"row": np.arange(len(rows), dtype=np.uint16), **columns})


def _assets(tick: Tick) -> pl.DataFrame:
    found = tick.assets.reshape(-1, tick.assets.shape[2])
    named = {"rate": RATE, "owed_initial": OWED_INITIAL, "owed_maintenance": OWED_MAINTENANCE}
    named |= {f"h{k}": COUNTED + k for k in CUTS} | {f"g{k}": CUT_OFFSETS + k for k in CUTS}
    key = np.arange(len(found), dtype=np.uint8)
    return pl.DataFrame(
        {"key": key, **{name: np.ascontiguousarray(found[:, at]) for name, at in named.items()}}
    )
