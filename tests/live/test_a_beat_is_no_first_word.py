"""Who waits for a first snapshot hears no beat before: the page would call itself live, and miss a run."""

from typing import Any

from margin.live.hub import hub
from tests.live.desk import Server, account, write_run


class Ear:
    """A socket that only listens."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def offer_beat(self, text: str) -> None:
        self.heard.append(text)


async def test_who_has_no_snapshot_yet_hears_no_beat(server: Server, cookies: dict[str, str]) -> None:
    write_run(1, [account("ACME-1")])
    ear: Any = Ear()
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        room = hub().rooms["PRIME"]
        room.sockets.add(ear)  # as one whose first turn has not come
        room.beat("now")
        room.sockets.discard(ear)
        await page.next("beat")
    assert ear.heard == []
