"""The same pinned inputs give the same figures, to the last character of their digest."""

from typing import Any

import msgspec
import pytest

from accounts.models import Balance
from margin.book.applies import Caps
from margin.book.book import Book
from margin.book.facts import Revisions
from margin.book.frame import ShownPrice
from margin.book.marks import from_shown
from margin.book.snapshot import snapshot
from margin.flow import shelf
from margin.flow.compose_frame import compose_frame
from margin.flow.recompute import Computed, recompute
from margin.models import Run
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=60, stale_hard_seconds=120)
    factories.position(made.account, eth, "10", "3000", mode="isolated", ref="eth")
    factories.balance(made.account, "3000", key="isolated:eth")
    made.price("2900", code="ETH-PERP")
    made.step("59000")
    return made


def replayed(run: Run) -> tuple[Computed, str]:
    """As the run itself says: its revisions, its prices, its instant."""
    assert run.at is not None
    reached = Revisions(run.shard_revision or 0, run.house_revision or 0)
    with snapshot(1):
        book = Book.load_past(1, reached, now=run.at)
    stored = msgspec.convert(run.prices, dict[str, ShownPrice])
    pinned = {code: from_shown(price) for code, price in stored.items()}
    computed = recompute(book, pinned, run.at, keep_alive=lambda: None)
    return computed, compose_frame(computed, Caps(book.rules, run.at), run=run).digest


def test_a_run_of_the_past_is_computed_again_after_everything_changed(scene: Scene):
    first = Run.objects.get()
    factories.balance(scene.account, "500")
    factories.position(scene.account, scene.btc, "3", "58000", ref="more")
    factories.buffer(scene.desk, "0.5")
    factories.limit(scene.desk, "3", scope="client", client=scene.client)
    second = Run.objects.get(pk=scene.step("58000").run)
    for run in (first, second):
        assert replayed(run)[1] == run.figures_digest
    assert first.figures_digest != second.figures_digest


def test_a_price_in_doubt_is_replayed_with_its_band(scene: Scene):
    scene.later(200)
    run = Run.objects.get(pk=scene.cycle().run)
    assert run.prices["BTC-PERP"]["state"] == "stale"
    assert replayed(run)[1] == run.figures_digest


def test_a_tampered_input_is_noticed(scene: Scene):
    run = Run.objects.get()
    run.prices["BTC-PERP"]["mark"] = "59000.01"
    assert replayed(run)[1] != run.figures_digest
    run = Run.objects.get()
    Balance.objects.update(amount=1)  # a kept sum is not what a replay rests on
    assert replayed(run)[1] == run.figures_digest


def test_kept_figures_equal_those_computed_from_scratch(scene: Scene):
    for price in ("59000", "58000", "58000"):
        kept = scene.step(price)
        shelf.forget(1)
        with snapshot(1) as reached:
            book = Book.load(1, reached, now=scene.now)
        run = Run.objects.get(pk=kept.run)
        assert replayed(run)[1] == kept.digest
        assert book.reached == Revisions(run.shard_revision or 0, run.house_revision or 0)


def test_an_account_that_nothing_touched_is_not_measured_again(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    measured: list[int] = []
    from margin.flow import recompute as module

    real = module.measure

    def counted(book: Any, account_id: int, markets: Any) -> Any:
        measured.append(account_id)
        return real(book, account_id, markets)

    monkeypatch.setattr(module, "measure", counted)
    scene.step("59000", seconds=0.5)
    assert measured == []
    scene.step("58999", seconds=0.5)
    assert len(measured) == 1
    factories.balance(scene.account, "1")
    scene.step("58999", seconds=0.5)
    assert len(measured) == 2
