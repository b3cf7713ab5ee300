"""The same pinned inputs give the same figures, to the last character of their digest."""

from typing import Any

import pytest
from django.db import transaction

from accounts.models import Balance, Client
from accounts.revisions import take_house_revision
from margin.book.book import Book
from margin.book.facts import Revisions
from margin.book.snapshot import snapshot
from margin.flow import shelf
from margin.flow.recompute import Computed
from margin.flow.replay import compute_again
from margin.models import Instrument, Run
from tests import factories
from tests.flow.scene import Scene, scene_of_two

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    return scene_of_two()


def replayed(run: Run) -> tuple[Computed, str]:
    """As the run itself says: its revisions, its prices, its instant."""
    computed, composed = compute_again(run)
    return computed, composed.digest


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


def test_nouns_are_replayed_as_they_were(scene: Scene):
    run = Run.objects.get()
    factories.position(factories.sub_account("ACME-2", of=scene.client), scene.btc, "1", "60000")
    factories.sub_account("ZEDD-1", of=factories.client("ZEDD", of=scene.desk))
    Instrument.objects.filter(pk=scene.btc.pk).update(contract_size=2, fee_rate="0.01", guard_band="0.5")
    Client.objects.filter(pk=scene.client.pk).update(name="Another Name")
    scene.btc.loadings.all().delete()
    with transaction.atomic():
        take_house_revision()
    later = Run.objects.get(pk=scene.step("59000").run)
    assert replayed(run)[1] == run.figures_digest
    assert replayed(later)[1] == later.figures_digest
    assert Instrument.objects.get(pk=scene.btc.pk).contract_size == 2, "the past leaves nothing behind"


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


@pytest.mark.parametrize("part", ["account_rows", "position_rows", "desk_parts"])
def test_the_digest_is_of_every_part_that_is_shown(scene: Scene, monkeypatch: pytest.MonkeyPatch, part: str):
    run = Run.objects.get()
    monkeypatch.setattr(f"margin.flow.compose_frame.{part}", lambda *_: {})
    assert replayed(run)[1] != run.figures_digest


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
