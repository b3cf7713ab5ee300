"""A run that comes too soon after the last point is drawn by a later beat, if no later run is."""

import pytest

from margin.live.hub import hub
from margin.live.room import CHART_SECONDS
from riskdesk import clock
from tests.live.desk import Server, account, write_run
from tests.live.test_a_page_sees_what_a_run_changed import hint


async def test_a_point_that_came_too_soon_comes_with_a_beat_and_only_once(
    server: Server, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [clock.monotonic_seconds()]
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: held[0])
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        for seq in (2, 3, 4):
            await hint(seq, write_run(seq, [account("ACME-1")], equity=f"{seq}.00"))
            await page.next("changed", where=lambda frame, seq=seq: frame["seq"] == seq)
        await page.next("beat")
        early = [frame["seq"] for frame in page.seen if frame["type"] == "chart"]
        held[0] += CHART_SECONDS
        hub().rooms["PRIME"].beat("soon")
        late = await page.next("chart")
        held[0] += CHART_SECONDS
        await page.next("beat")
    assert early == [2]
    assert (late["seq"], late["point"]["equity"]) == (4, "4.00")
    assert [frame["seq"] for frame in page.seen if frame["type"] == "chart"] == [2, 4]
