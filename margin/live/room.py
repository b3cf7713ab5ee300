"""One desk in use in this process: its figures, the distinct views on it, and who looks through each.

Takes wishes (new figures, changed alerts, a socket's view); works them off one turn at a time, so that
nothing races. Figures are read and compared off the event loop; every distinct view is compared and
encoded once, however many look.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from margin.live.database import in_database
from margin.live.socket import Socket
from margin.notify.alerts import alerts_by_id, live_alerts, open_counts
from margin.notify.events import MOST_SHOWN_ALERTS, AlertRaised, AlertView, Beat, Frame, Head, encode
from margin.notify.figures import desk_figures, newest_seqs
from margin.notify.push import (
    Figures,
    Shown,
    Spec,
    changes,
    chart_point,
    lost_a_shard,
    resync,
    select,
    snapshot,
    went_back,
)
from riskdesk import clock

log = structlog.get_logger(__name__)
RETRY_SECONDS = 1.0
CHART_SECONDS = 1.0
MOST_ALERT_FRAMES = 20


@dataclass(eq=False)
class Look:
    """A distinct view, what it last had, and the sockets that look through it."""

    spec: Spec
    figures: Figures
    shown: Shown
    sockets: set[Socket] = field(default_factory=set)
    text: str | None = None


@dataclass
class Wishes:
    """What the next turn shall do."""

    figures: bool = True
    alerts: bool = True
    views: dict[Socket, Spec] = field(default_factory=dict)


class Room:
    """All sockets of one desk. Only `run` changes what views hold."""

    def __init__(self, desk: str) -> None:
        self.desk = desk
        self.sockets: set[Socket] = set()
        self.looks: dict[Spec, Look] = {}
        self.alerts: list[AlertView] = []
        self.counts: dict[str, int] = {}
        self.figures: Figures | None = None
        self.encoded, self.beats = 0, 0
        self._wishes = Wishes()
        self._wake = asyncio.Event()
        self._charted = 0.0
        self._uncharted: int | None = None

    # --- wishes: return at once ------------------------------------------------------------------------
    def wish(self, *, figures: bool = False, alerts: bool = False) -> None:
        self._wishes.figures |= figures
        self._wishes.alerts |= alerts
        self._wake.set()

    def show(self, socket: Socket, spec: Spec) -> None:
        """From the next turn on this socket sees this view, beginning with a snapshot."""
        self.sockets.add(socket)
        self._wishes.views[socket] = spec
        self._wake.set()

    def leave(self, socket: Socket) -> None:
        self.sockets.discard(socket)
        self._wishes.views.pop(socket, None)
        self._stop_looking(socket)

    def beat(self, at: str) -> None:
        """Tell every page that the way through the layer is alive, and how far its shards have come."""
        if self.figures is None:
            return
        seqs = {str(shard): head.seq for shard, head in self.figures.heads.items()}
        oldest = self.figures.oldest
        self.beats += 1
        text = self._encode(Beat(desk=self.desk, seq=oldest.seq, run=oldest.run, at=at, seqs=seqs))
        for look in self.looks.values():  # who waits for a first snapshot would take the beat for one
            for socket in look.sockets:
                socket.offer_beat(text)
        self._chart(self.figures)

    async def catch_up(self) -> None:
        """A hint may have been lost on the way: look at the book itself."""
        known = {shard: head.seq for shard, head in self.figures.heads.items()} if self.figures else {}
        if await asyncio.to_thread(newest_seqs, self.desk) != known:
            self.wish(figures=True, alerts=True)

    # --- turns -----------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Work off wishes for ever. A failed turn is wished again: pages show how old figures are."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            wishes, self._wishes = self._wishes, Wishes(figures=False, alerts=False)
            try:
                await self._turn(wishes)
            except Exception:  # a door: one desk's fault must not silence it for good
                log.exception("room.turn_failed", desk=self.desk)
                self._wishes.views = wishes.views | self._wishes.views
                self.wish(figures=wishes.figures, alerts=wishes.alerts)
                await asyncio.sleep(RETRY_SECONDS)

    async def _turn(self, wishes: Wishes) -> None:
        alerts, raised = await in_database(self._read_alerts)() if wishes.alerts else (self.alerts, [])
        if wishes.figures or self.figures is None:
            await self._move()
        self.alerts = alerts  # not before: a turn that fails above must find them unknown again
        self._tell_alerts(raised)
        for socket, spec in wishes.views.items():
            if socket in self.sockets:
                self._look(socket, spec)

    async def _move(self) -> None:
        """Take the newest figures and send every view what is different."""
        figures = await asyncio.to_thread(desk_figures, self.desk, self.counts)
        before = self.figures
        if before is not None and lost_a_shard(before.heads, figures.heads):
            log.warning("frame.missing", desk=self.desk)  # pages see the age of what they hold grow
            return
        looks = list(self.looks.values())
        moved = await asyncio.to_thread(lambda: [self._compare(look, figures) for look in looks])
        self.figures = figures
        for look, (shown, texts) in zip(looks, moved, strict=True):
            look.figures, look.shown, look.text = figures, shown, None
            for socket in look.sockets:
                socket.offer(texts)
        heads = before.heads if before else figures.heads
        for shard, head in figures.heads.items():
            if heads.get(shard) != head:
                self._uncharted = shard
        self._chart(figures)

    def _compare(self, look: Look, figures: Figures) -> tuple[Shown, list[str]]:
        shown = select(figures, look.spec)
        if went_back(look.shown.heads, shown.heads):
            return shown, [self._encode(resync(self.desk, "sequence_went_back"))]
        return shown, [self._encode(frame) for frame in changes(figures, look.spec, look.shown, shown)]

    def _chart(self, figures: Figures) -> None:
        """At most one point a second, of a shard that moved; what is too soon waits for a run or a beat."""
        if self._uncharted is None or clock.monotonic_seconds() - self._charted < CHART_SECONDS:
            return
        point = self._encode(chart_point(figures, self._uncharted))
        self._charted, self._uncharted = clock.monotonic_seconds(), None
        for look in self.looks.values():
            if look.spec.charts:
                for socket in look.sockets:
                    socket.offer([point])

    # --- alerts ----------------------------------------------------------------------------------------
    def _read_alerts(self) -> tuple[list[AlertView], list[AlertView]]:
        """The live alerts, and those that differ from what was told, resolved ones included."""
        known = {alert.id: alert for alert in self.alerts}
        first = self.figures is None
        alerts, self.counts = live_alerts(self.desk), open_counts(self.desk)
        if first:
            return alerts, []
        changed = [alert for alert in alerts if known.get(alert.id) != alert]
        gone = known.keys() - {alert.id for alert in alerts}
        return alerts, changed + [alert for alert in alerts_by_id(gone) if alert.state == "resolved"]

    def _tell_alerts(self, raised: list[AlertView]) -> None:
        """A frame an alert, oldest first; a storm is told by one snapshot instead."""
        if not raised:
            return
        for look in self.looks.values():
            look.text = None
        if len(raised) > MOST_ALERT_FRAMES:
            self._to_all(Socket.offer_snapshot)
            return
        texts = [self.alert_text(alert) for alert in sorted(raised, key=lambda alert: alert.id)]
        self._to_all(lambda socket: socket.offer(texts))

    def alert_text(self, alert: AlertView, *, ref: str | None = None) -> str:
        head = self.figures.oldest if self.figures else Head(0, "", "")
        return self._encode(
            AlertRaised(
                desk=self.desk, seq=head.seq, run=head.run, alert=alert, open_alerts=self.counts, ref=ref
            )
        )

    # --- views -----------------------------------------------------------------------------------------
    def _look(self, socket: Socket, spec: Spec) -> None:
        if self.figures is None:
            return
        look = self.looks.get(spec)
        if look is None:
            look = self.looks[spec] = Look(spec, self.figures, select(self.figures, spec))
        self._stop_looking(socket, unless=look)
        look.sockets.add(socket)
        socket.newest = lambda: self._snapshot_text(look)
        socket.offer_snapshot()

    def _stop_looking(self, socket: Socket, *, unless: Look | None = None) -> None:
        for look in list(self.looks.values()):
            look.sockets.discard(socket)
            if not look.sockets and look is not unless:
                del self.looks[look.spec]

    def _snapshot_text(self, look: Look) -> str:
        if look.text is None:
            alerts = self.alerts[:MOST_SHOWN_ALERTS]
            look.text = self._encode(snapshot(look.figures, look.spec, look.shown, alerts))
        return look.text

    def _to_all(self, deed: Callable[[Socket], None]) -> None:
        for look in self.looks.values():
            for socket in look.sockets:
                deed(socket)

    def _encode(self, frame: Frame) -> str:
        self.encoded += 1
        return encode(frame)
