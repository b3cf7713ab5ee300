"""The one hub of a server process: one subscription a desk in use, one reading of each frame, one check of
who may stay.

Takes sockets that were let in; tells rooms what the layer said. Decides nothing about figures or
permission itself.
"""

import asyncio
from collections import Counter
from weakref import WeakKeyDictionary

import structlog

from accounts.sessions import PEOPLE_GROUP, seats_lost
from margin.live.codes import NO_SEAT
from margin.live.database import in_database
from margin.live.ear import Ear, Message
from margin.live.room import Room
from margin.live.socket import Socket
from margin.notify.hints import desk_group
from margin.notify.push import Spec
from riskdesk import clock

log = structlog.get_logger(__name__)
LOOK_AGAIN_SECONDS = 1.0
MOST_SOCKETS_EACH = 50


class Hub:
    """Rooms by desk, and the tasks that keep them."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self._ear = Ear(heard=self._heard, returned=self._returned)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._errands: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._tasks["ear"] = asyncio.create_task(self._ear.run())
        self._tasks["watch"] = asyncio.create_task(self._watch())
        self._errand(self._ear.listen_to(PEOPLE_GROUP))

    async def stop(self) -> None:
        """End every task. Asked again each second: a library on the way may swallow the first word."""
        while tasks := [task for task in (*self._tasks.values(), *self._errands) if not task.done()]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)

    # --- sockets ---------------------------------------------------------------------------------------
    def enter(self, socket: Socket, spec: Spec) -> bool:
        """Let a socket in, beginning with a snapshot. False: this person has too many open."""
        mine = Counter(other.seat.person_id for room in self.rooms.values() for other in room.sockets)
        if mine[socket.seat.person_id] >= MOST_SOCKETS_EACH:
            return False
        if socket.desk not in self.rooms:
            room = self.rooms[socket.desk] = Room(socket.desk)
            self._tasks[socket.desk] = asyncio.create_task(room.run())
            self._errand(self._ear.listen_to(desk_group(socket.desk)))
        self.rooms[socket.desk].show(socket, spec)
        return True

    def leave(self, socket: Socket) -> None:
        if room := self.rooms.get(socket.desk):
            room.leave(socket)

    def sockets(self, person: int | None = None) -> list[Socket]:
        every = (socket for room in self.rooms.values() for socket in room.sockets)
        return [socket for socket in every if person is None or socket.seat.person_id == person]

    # --- what the layer says ---------------------------------------------------------------------------
    def _heard(self, message: Message) -> None:
        """A table of message types; what is unknown comes from a newer process and is passed over."""
        room = self.rooms.get(message.get("desk", ""))
        match message.get("type"):
            case "hint" if room:
                room.wish(figures=True, alerts=bool(message.get("alerts", True)))
            case "alerts" if room:
                room.wish(figures=True, alerts=True)
            case "beat":
                self._beat()
            case "look_again":
                self._errand(self.look_again(message.get("person")))

    def _returned(self) -> None:
        """The layer is there (again): anything may have been missed."""
        for room in self.rooms.values():
            room.wish(figures=True, alerts=True)
        self._errand(self.look_again())

    def _beat(self) -> None:
        at = clock.now().isoformat()
        for desk, room in list(self.rooms.items()):
            if room.sockets:
                room.beat(at)
                self._errand(room.catch_up())
            else:
                self._close_room(desk)

    def _close_room(self, desk: str) -> None:
        del self.rooms[desk]
        self._tasks.pop(desk).cancel()
        self._errand(self._ear.forget(desk_group(desk)))

    # --- who may stay ----------------------------------------------------------------------------------
    async def _watch(self) -> None:
        """One look at a time: while the database hangs they must not pile up before whoever acts."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await asyncio.wait([self._errand(self.look_again())])

    async def look_again(self, person: int | None = None) -> None:
        """Ask of every seat (of one person, or all) whether it still holds; close those that lost it."""
        sockets = self.sockets(person)
        lost = await in_database(seats_lost)({socket.seat for socket in sockets})
        for socket in sockets:
            if (why := lost.get(socket.seat)) is not None:
                socket.close(NO_SEAT[why])

    def _errand(self, deed: "asyncio._CoroutineLike[None]") -> asyncio.Task[None]:
        """A short deed in the background; its fault is logged, and the next beat or watch does it again."""
        task = asyncio.create_task(deed)
        self._errands.add(task)
        task.add_done_callback(self._errand_done)
        return task

    def _errand_done(self, task: asyncio.Task[None]) -> None:
        self._errands.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.error("errand.failed", error=repr(fault)[:200])


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this process (of this event loop, which is the same outside tests)."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
        _hubs[loop].start()
    return _hubs[loop]
