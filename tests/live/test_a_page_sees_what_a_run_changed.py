"""Snapshot on opening, differences on each run, beats through the layer."""

from asgiref.sync import sync_to_async

from margin.notify.hints import send_hints
from tests.live.desk import Server, account, write_run


async def hint(seq: int, run: str, *, shard: int = 1) -> None:
    await sync_to_async(send_hints, thread_sensitive=False)(["PRIME"], shard, seq, run)


async def test_an_opened_socket_gets_a_snapshot_at_once(server: Server, cookies: dict[str, str]) -> None:
    run = write_run(1, [account("NORTH-1", level="danger", distance="0.01"), account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        first = await page.next("snapshot")
    assert page.seen == [first]
    assert (first["desk"], first["seq"], first["run"], first["total"]) == ("PRIME", 1, run, 2)
    rows = [dict(zip(first["columns"], row, strict=True)) for row in first["rows"]]
    assert [row["account"] for row in rows] == ["NORTH-1", "ACME-1"]
    assert first["shards"]["1"]["seq"] == 1
    assert first["kpi"]["levels"]["danger"] == 1
    assert first["kpi"]["worst"]["account"] == "NORTH-1"
    assert first["kpi"]["open_alerts"] == {"critical": 0, "warning": 0, "info": 0}


async def test_a_hint_brings_only_what_changed(server: Server, cookies: dict[str, str]) -> None:
    write_run(1, [account("NORTH-1"), account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        run = write_run(2, [account("NORTH-1", equity="90.00"), account("NEW-1")])
        await hint(2, run)
        changed = await page.next("changed")
        point = await page.next("chart")
    assert (changed["since"], changed["seq"], changed["shard"], changed["run"]) == (1, 2, 1, run)
    assert changed["rows"]["NORTH-1"] == {"equity": "90.00"}
    assert changed["rows"]["NEW-1"]["utilisation"] == "0.5"
    assert changed["removed"] == ["ACME-1"]
    assert changed["kpi"]["accounts"] == 2
    assert point["point"]["equity"] == "100.00"


async def test_a_run_that_changed_nothing_still_moves_the_sequence(
    server: Server, cookies: dict[str, str]
) -> None:
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        await hint(2, write_run(2, [account("ACME-1")]))
        changed = await page.next("changed")
    assert (changed["seq"], changed["rows"], changed["removed"]) == (2, {}, [])


async def test_a_lost_hint_is_healed_by_the_next_beat(server: Server, cookies: dict[str, str]) -> None:
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        write_run(5, [account("ACME-1", equity="1.00")])
        changed = await page.next("changed")
        beat = await page.next("beat")
    assert (changed["since"], changed["seq"]) == (1, 5)
    assert beat["seqs"] == {"1": 5}


async def test_two_shards_count_for_themselves(server: Server, cookies: dict[str, str]) -> None:
    write_run(7, [account("ACME-1", distance="0.3")])
    write_run(3, [account("SOUTH-1", distance="0.1")], shard=2)
    async with server.page(cookies["vic"]) as page:
        first = await page.next("snapshot")
        await hint(4, write_run(4, [account("SOUTH-1", distance="0.05")], shard=2), shard=2)
        changed = await page.next("changed")
    assert [row[0] for row in first["rows"]] == ["SOUTH-1", "ACME-1"]
    assert {shard: head["seq"] for shard, head in first["shards"].items()} == {"1": 7, "2": 3}
    assert (changed["shard"], changed["since"], changed["seq"]) == (2, 3, 4)


async def test_a_count_that_fell_asks_the_page_to_begin_anew(server: Server, cookies: dict[str, str]) -> None:
    write_run(9, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        (server_folder := _frames())[0].unlink()
        assert server_folder
        await hint(1, write_run(1, [account("ACME-1", equity="5.00")]))
        assert (await page.next("resync"))["reason"] == "sequence_went_back"
        await page.say(type="view")
        again = await page.next("snapshot")
    assert again["seq"] == 1


def _frames() -> list:  # type: ignore[type-arg]
    from margin.book.frame import frame_path

    return [frame_path(1)]


async def test_a_frame_that_cannot_be_read_leaves_the_old_figures(
    server: Server, cookies: dict[str, str]
) -> None:
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        _frames()[0].write_bytes(b"torn")
        await hint(2, "x")
        await page.next("beat")
        await hint(3, write_run(3, [account("ACME-1", equity="7.00")]))
        changed = await page.next("changed")
    assert (changed["since"], changed["rows"]) == (1, {"ACME-1": {"equity": "7.00"}})
