"""One account at a past run: the figures it showed, each with its working, and what changed between two."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from margin.engine.rational import Fraction
from margin.flow.as_of import runs_at
from margin.models import Run
from margin.whatif import between, why
from margin.whatif.revisit import Revisited, newest_run, revisit, run_at
from tests import factories
from tests.flow.scene import Scene, scene_of_two

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene() -> Scene:
    return scene_of_two()


def see(scene: Scene, run: str | None = None) -> Revisited:
    found = Run.objects.get(pk=run) if run else newest_run(scene.account)
    assert found is not None
    seen = revisit(scene.account, found)
    assert isinstance(seen, Revisited)
    return seen


def test_it_comes_to_what_the_run_showed_after_everything_changed(scene: Scene):
    first = Run.objects.get()
    factories.balance(scene.account, "500")
    factories.position(scene.account, scene.btc, "3", "58000", ref="more")
    factories.buffer(scene.desk, "0.5")
    scene.step("58000")
    then, now = see(scene, str(first.pk)), see(scene)
    assert str(first.partials["PRIME"]["equity"]) == f"{float(then.figures.equity or 0):.2f}" == "11000.00"
    assert then.account.buffer == 0
    assert len(now.account.positions) == 3
    assert now.account.buffer == Fraction(1, 2)


def test_every_door_means_the_same_run_by_an_instant(scene: Scene):
    """The desk's clock may be set back: then the run numbered last is not the one for the latest instant."""
    first = Run.objects.get()
    scene.step("58000")
    Run.objects.exclude(pk=first.pk).update(at=first.at - timedelta(seconds=1))
    Run.objects.create(
        shard_id=1,
        seq=9,
        state="committed",
        at=first.at,
        started_at=first.at,
        trigger="x",
        engine_version="1",
    )
    runs = runs_at(scene.now, shard=1)
    assert runs == [run_at(scene.account, scene.now)] == [first]


ROWS: dict[str, Callable[[Any], Any]] = {
    name: lambda figures, name=name: getattr(figures, name) for name in (*between.NAMES,)
}


@pytest.mark.parametrize("figure", why.FIGURES)
def test_every_figure_has_a_working_that_ends_in_it(scene: Scene, figure: str):
    seen = see(scene)
    lines = why.working(seen, why.Asked(figure))
    assert lines
    assert all(line.formula or line.note for line in lines)
    if figure in ROWS:
        assert lines[-1].of == "ACME-1"
        assert lines[-1].result == ROWS[figure](seen.figures)


def test_a_working_names_where_each_input_came_from(scene: Scene):
    notional = next(line for line in why.working(see(scene), why.Asked("notional")))
    sources = {given.name: given.source for given in notional.inputs}
    assert sources["m"] == "sim, fresh, 2026-03-02T12:00:01Z"
    assert sources["q"].startswith("position BTC-PERP")


def test_one_position_and_one_pool_can_be_asked_alone(scene: Scene):
    seen = see(scene)
    of_eth = why.working(seen, why.Asked("maintenance", ref="eth"))
    assert {line.of for line in of_eth} == {"eth", "isolated:eth ETH-PERP long"}
    of_pool = why.working(seen, why.Asked("equity", pool="isolated:eth"))
    assert {line.of for line in of_pool} == {"isolated:eth", "isolated:eth USD", "eth"}


@pytest.mark.parametrize("figure", between.NAMES)
def test_the_parts_of_a_change_sum_to_it(scene: Scene, figure: str):
    first = see(scene)
    factories.balance(scene.account, "500")
    factories.buffer(scene.desk, "0.5")
    factories.position(scene.account, scene.btc, "3", "58000", ref="more")
    scene.step("58500")
    found = between.between(first, see(scene), figure)
    assert found is not None
    assert sum(found.by_cause().values()) == found.end - found.start
    if figure == "equity":
        changes = {cause.value: change for cause, change in found.by_cause().items()}
        assert changes == {"price": -500, "currency": 0, "position": 1500, "collateral": 500, "parameter": 0}
