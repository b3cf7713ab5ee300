"""Prices of the demo that move each second, until ended; with `cycles` the desk is computed without pause."""

import os
import sys
import time

import django


def main() -> None:
    os.environ["NUMBA_NUM_THREADS"] = "1"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
    django.setup()
    from margin.demo.feed import read_calendars, send
    from margin.demo.walk import Walk
    from margin.flow.cycle import run_cycle

    walk, calendars, due = Walk(7), read_calendars(), time.monotonic()
    while True:
        if time.monotonic() >= due:
            send(walk, {}, calendars)
            due += 1
        elif "cycles" in sys.argv:
            run_cycle(shard=1, trigger="bench")
        else:
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
