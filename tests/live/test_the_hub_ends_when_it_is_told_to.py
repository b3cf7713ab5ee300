"""However inconvenient the moment, stopping stops: a server that is told to go must not wait for its hub."""

import asyncio

from margin.live.ear import Ear
from tests.live.desk import DEADLINE_SECONDS

MOMENTS = 60


async def test_an_ear_stops_at_whatever_step_it_is_told_to(data_folder: object) -> None:
    for moment in range(MOMENTS):
        ear = Ear(heard=lambda _: None, returned=lambda: None)
        running = asyncio.create_task(ear.run())
        for _ in range(moment):
            await asyncio.sleep(0)
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=DEADLINE_SECONDS)
        assert done, f"still running when cancelled at step {moment}"


async def test_an_ear_that_listens_stops_at_one_word(data_folder: object) -> None:
    for moment in range(8):
        ear = Ear(heard=lambda _: None, returned=lambda: None)
        running = asyncio.create_task(ear.run())
        while ear._channel is None:
            await asyncio.sleep(0)
        running.cancel()
        for _ in range(moment):
            await asyncio.sleep(0)
        running.cancel()  # a second word, somewhere in the cleaning up
        done, _ = await asyncio.wait([running], timeout=DEADLINE_SECONDS)
        assert done, f"still running when told again {moment} steps later"
