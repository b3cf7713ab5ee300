"""The demo desk's cycle, every mark moved: prices in → figures readable, breaches and alerts committed."""

import statistics

from accounts.models import Desk
from margin.book.frame import frame_path
from margin.demo.feed import read_calendars, send
from margin.demo.seed import seed_demo
from margin.demo.walk import Walk
from margin.flow.cycle import run_cycle
from margin.whatif.dry_run import dry_run
from riskdesk import clock
from tests.benchmarks.timing import Results, result, timed

CYCLES, SEED = 20, 7
CAP = {"desk": "PRIME", "kind": "leverage", "scope": "desk", "value": "5"}
BUFFER = {"desk": "PRIME", "buffer": "0.5"}


def demo() -> Results:
    """Feed and cycle in turn, as the desk does; the first cycle also loads the book."""
    seed_demo(size="demo", seed=SEED, now=clock.now())
    walk, calendars = Walk(SEED), read_calendars()
    feeds, cycles = [], []
    for _ in range(CYCLES + 1):
        feeds.append(timed(lambda: send(walk, {}, calendars)))
        cycles.append(timed(lambda: run_cycle(shard=1, trigger="prices")))
    cold, warm = cycles[0], cycles[1:]
    return {
        "demo.feed_p50_ms": result(statistics.median(feeds), "ms"),
        "demo.cold_cycle_ms": result(cold, "ms"),
        "demo.cycle_p50_ms": result(statistics.median(warm), "ms"),
        "demo.cycle_p95_ms": result(statistics.quantiles(warm, n=20)[-1], "ms"),
        **dry_runs(),
        "demo.frame_bytes": result(frame_path(1).stat().st_size, "bytes"),
    }


def dry_runs() -> Results:
    """A change upon everybody of one desk, tried a second time: the book is loaded, the prices are known."""
    desk = Desk.objects.get(code="PRIME")
    found = {}
    for name, kind, change in (("limit", "limit", CAP), ("buffer", "buffer", BUFFER)):
        dry_run(kind=kind, change=change, desks=[desk])
        again = timed(lambda kind=kind, change=change: dry_run(kind=kind, change=change, desks=[desk]))
        found[f"demo.dry_run_{name}_ms"] = result(again, "ms")
    return found
