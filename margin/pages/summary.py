"""The key figures of a desk as texts. Takes `Figures`; gives `Summary`; computes only shares of bars."""

from dataclasses import dataclass, field

from margin import formats
from margin.engine.figures import WORST_FIRST
from margin.notify.push import Figures
from margin.pages.rows import FULL_SCALE, bar_share


@dataclass(frozen=True, slots=True)
class LevelCount:
    level: str
    word: str
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Nothing but `ready=False` while no run has been committed yet."""

    ready: bool = False
    at: str = ""
    run: str = ""
    seq: int = 0
    currency: str = ""
    clients: int = 0
    accounts: int = 0
    positions: int = 0
    equity: str = formats.NONE
    requirement: str = formats.NONE
    initial: str = formats.NONE
    utilisation: str = formats.NONE
    use: str = "0"
    gross: str = formats.NONE
    net: str = formats.NONE
    leverage: str = formats.NONE
    levels: list[LevelCount] = field(default_factory=list)


def summary(figures: Figures) -> Summary:
    kpi = figures.kpi
    if not figures.heads:
        return Summary(levels=level_counts({}))
    oldest = min(figures.heads.values(), key=lambda head: head.at)
    return Summary(
        ready=True,
        at=oldest.at,
        run=oldest.run,
        seq=oldest.seq,
        currency=kpi["currency"],
        clients=kpi["clients"],
        accounts=kpi["accounts"],
        positions=kpi["positions"],
        equity=formats.whole_down(kpi["equity"]),
        requirement=formats.whole_up(kpi["house_maintenance"]),
        initial=formats.whole_up(kpi["initial"]),
        utilisation=formats.percent(kpi["utilisation"]),
        use=bar_share(kpi["utilisation"], scale=FULL_SCALE, absent="0"),
        gross=formats.whole_up(kpi["gross"]),
        net=formats.whole_up(kpi["net"]),
        leverage=formats.leverage(kpi["leverage"]),
        levels=level_counts(kpi["levels"]),
    )


def level_counts(counts: dict[str, int]) -> list[LevelCount]:
    """Every level, worst first, those without an account too."""
    return [LevelCount(level.word, level.label, counts.get(level.word, 0)) for level in WORST_FIRST]
