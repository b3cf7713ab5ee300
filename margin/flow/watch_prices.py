"""Doubtful prices, told once: an alert per desk and instrument, and one when a whole desk's feed is silent.

Takes the marks of a run, inside its transaction; raises what is new and resolves what is over. A closed
market is no doubt, and a price a few seconds late is not worth a word: stale is told at the hard limit,
counted from the later of the last price and the desk's own start. Only a price ends what stands.
"""

from collections.abc import Mapping, Set
from datetime import datetime

from margin.book.marks import Pinned
from margin.engine.types import PriceState
from margin.flow import words
from margin.flow.alert import Severity, Told, raise_alerts
from margin.flow.awaited import awaited_in
from margin.flow.phrases import Words
from margin.flow.recompute import Computed
from margin.models import Alert, PositionVersion, Run
from margin.notify.alerts import LIVE, resolve

TOLD = (Alert.Reason.PRICE_IN_DOUBT, Alert.Reason.FEED_SILENT)


def watch_prices(computed: Computed, *, run: Run, now: datetime) -> Told:
    """Compare what is in doubt now with the alerts that stand."""
    held = {desk_id: set(codes) for desk_id, codes in computed.held_by_desk().items()}
    standing = Alert.objects.filter(desk__in=list(held), reason__in=TOLD, state__in=LIVE)
    said = {(row.desk_id, _subject(row.key)): row for row in standing}
    if not said and not any(_is_told(mark) for mark in computed.pinned.values()):
        return Told()
    _add_held_elsewhere(held, computed.book.shard)
    true = {key: told for desk_id in held for key, told in _true_of(computed, desk_id, held[desk_id]).items()}
    over = [row.pk for key, row in said.items() if key not in true]
    resolved = resolve(Alert.objects.filter(pk__in=over), now) if over else 0
    awaited = awaited_in(computed)
    fresh = [true[key] for key in sorted(true.keys() - said.keys()) if not true[key].codes & awaited]
    return raise_alerts([telling(run, now) for telling in fresh], now) + Told(resolved=resolved)


class Telling:
    """An alert about the prices of `marks`, to be raised if it is not standing already."""

    def __init__(
        self, desk_id: int, marks: Mapping[str, Pinned], *, subject: str, reason: Alert.Reason, said: Words
    ) -> None:
        self.desk_id, self.subject, self.codes = desk_id, subject, marks.keys()
        self.since = max(_since(mark) for mark in marks.values())
        self.reason, self.said = reason, said

    def __call__(self, run: Run, now: datetime) -> Alert:
        silent = self.reason is Alert.Reason.FEED_SILENT
        return Alert(
            desk_id=self.desk_id,
            reason=self.reason,
            severity=Severity.CRITICAL if silent else Severity.WARNING,
            title=self.said.title,
            text=self.said.text,
            key=f"{self.reason}:{self.desk_id}:{self.subject}:{self.since}",
            run=run,
            raised_at=now,
        )


def _subject(key: str) -> str:
    """The instrument a standing alert is about; empty for the whole feed."""
    return key.split(":")[2]


def _add_held_elsewhere(held: dict[int, set[str]], shard: int) -> None:
    """What these desks hold in other shards: an alert is about a desk, whichever of its shards looks."""
    rows = PositionVersion.objects.filter(revision_to__isnull=True, sub_account__client__desk__in=list(held))
    others = rows.exclude(sub_account__client__shard=shard)
    for desk_id, code in others.values_list("sub_account__client__desk", "instrument__code").distinct():
        held[desk_id].add(code)


def _true_of(computed: Computed, desk_id: int, held: Set[str]) -> Mapping[tuple[int, str], Telling]:
    marks = {code: computed.pinned[code] for code in sorted(held) if code in computed.pinned}
    true = {
        (desk_id, code): Telling(
            desk_id,
            {code: mark},
            subject=code,
            reason=Alert.Reason.PRICE_IN_DOUBT,
            said=words.price_in_doubt(code, mark),
        )
        for code, mark in marks.items()
        if _is_told(mark)
    }
    trading = {code: mark for code, mark in marks.items() if mark.state is not PriceState.CLOSED}
    if trading and all(mark.hard for mark in trading.values()):
        said = words.feed_silent(list(trading))
        silent = Alert.Reason.FEED_SILENT
        true[desk_id, ""] = Telling(desk_id, trading, subject="", reason=silent, said=said)
    return true


def _is_told(mark: Pinned) -> bool:
    return mark.state in (PriceState.UNCONFIRMED, PriceState.MISSING) or mark.hard


def _since(mark: Pinned) -> str:
    """The last confirmed time names the doubt: the same doubt is told once, by whichever shard sees it."""
    return mark.time.strftime("%Y%m%dT%H%M%S.%f") if mark.time else "never"
