"""Figures of the past are kept in one place, for all threads of a server."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError

from margin.flow.kept import Kept


def test_the_last_asked_for_stay_and_are_made_once():
    made: list[int] = []
    kept: Kept[int, int] = Kept(2)

    def make(key: int) -> int:
        made.append(key)
        return key * 10

    assert [kept.get(key, lambda key=key: make(key)) for key in (1, 2, 1, 3, 1, 2)] == [
        10,
        20,
        10,
        30,
        10,
        20,
    ]
    assert made == [1, 2, 3, 2]


def test_what_could_not_be_made_is_tried_again():
    kept: Kept[int, int] = Kept(2)
    outcomes = iter([lambda: 1 // 0, lambda: 7])
    for expected in (None, 7):
        try:
            assert kept.get(1, next(outcomes)) == expected
        except ZeroDivisionError:
            assert expected is None


def test_two_threads_that_ask_for_the_same_make_it_once():
    """Nor can one evict what the other is about to return: no two are inside together."""
    kept: Kept[str, bool] = Kept(1)
    together = Barrier(2)

    def met() -> bool:
        try:
            together.wait(timeout=0.2)
        except BrokenBarrierError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert [*threads.map(lambda _: kept.get("run", met), range(2))] == [False, False]
