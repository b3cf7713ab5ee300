"""A dry run says what the next run would find if the change were approved, and leaves nothing behind.

Eight clients hold random positions. Each change is tried, then approved, then a cycle runs at the same
prices: what it opens, calls and asks for is what the trial had said.
"""

from random import Random
from typing import Any

import pytest

from accounts.models import Asset, HouseBuffer, Proposal, Role, Shard, User
from margin.book.read import desk_summary
from margin.engine.shown import up
from margin.flow.change import approve, propose
from margin.models import Breach, DeskPolicy, InstrumentBuffer, Limit
from margin.whatif.dry_run import dry_run
from margin.whatif.moves import DryRun
from tests import factories
from tests.flow.scene import Scene, make_scene

pytestmark = pytest.mark.django_db(transaction=True)
DESK = {"desk": "PRIME"}
CAP = {**DESK, "kind": "leverage", "scope": "desk"}
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("limit", {**CAP, "value": "4"}),
    ("limit", {**CAP, "value": "9", "warn": "2"}),
    ("limit", {**DESK, "kind": "gross", "scope": "class", "regulatory_class": "retail_eu", "value": "90000"}),
    ("limit", {**DESK, "kind": "net", "scope": "instrument", "instrument": "BTC-PERP", "value": "30000"}),
    ("limit", {**DESK, "kind": "leverage", "scope": "sub_account", "sub_account": "C3-1", "value": "1"}),
    ("limit", {**CAP, "end": True}),
    ("limit", {**DESK, "kind": "one_asset", "scope": "desk", "value": "0.7"}),
    (
        "limit",
        {**DESK, "kind": "worst_loss", "scope": "class", "regulatory_class": "professional", "value": "100"},
    ),
    ("limit", {**DESK, "kind": "collateral", "scope": "client", "client": "C4", "value": "0.01"}),
    (
        "excess",
        {**DESK, "kind": "leverage", "client": "C0", "value": "90", "valid_to": "2026-03-05T00:00:00+00:00"},
    ),
    ("limit", {**DESK, "kind": "leverage", "scope": "asset_class", "cap_class": "crypto", "value": "2"}),
    (
        "limit",
        {
            **DESK,
            "kind": "gross",
            "scope": "asset_class",
            "cap_class": "crypto",
            "regulatory_class": "retail_eu",
            "value": "70000",
        },
    ),
    ("buffer", {**DESK, "buffer": "4"}),
    ("buffer", {**DESK, "client": "C5", "buffer": "7"}),
    ("buffer", {**DESK, "sub_account": "C2-1", "buffer": "9"}),
    ("instrument_buffer", {"instrument": "ETH-PERP", "buffer": "3"}),
    ("policy", {**DESK, "watch": "0.01", "at_risk": "0.02", "danger": "0.03", "at_threshold": "le"}),
    ("haircut", {"asset": "EUR", "rows": [{"floor": "0", "haircut": "0.5"}]}),
    ("client_class", {**DESK, "code": "C1", "regulatory_class": "retail_eu"}),
]


@pytest.fixture
def scene() -> Scene:
    draw = Random(20261121)
    made = make_scene(cap="6", cash="30000")
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=9999, stale_hard_seconds=9999)
    eurusd = factories.instrument("EURUSD", stale_soft_seconds=9999, stale_hard_seconds=9999)
    eurusd.rate_paths.create(base=factories.asset("EUR"), quote=factories.asset("USD"))
    factories.limit(made.desk, "0.1", scope="class", regulatory_class="retail_eu")
    for code in ("EUR", "USD"):
        factories.haircut(Asset.objects.get(code=code))
    for number in range(8):
        klass = ["retail_eu", "professional"][number % 2]
        client = factories.client(f"C{number}", of=made.desk, regulatory_class=klass)
        account = factories.sub_account(f"C{number}-1", of=client, base=draw.choice(["USD", "EUR"]))
        factories.balance(account, str(draw.randint(4000, 40000)))
        factories.balance(account, str(draw.randint(1000, 9000)), of="EUR")
        factories.position(account, made.btc, str(draw.choice([1, -1]) * draw.randint(1, 3)), "60000")
        if draw.random() < 0.5:
            factories.position(account, eth, str(draw.randint(1, 8)), "3000", mode="isolated", ref="eth")
            factories.balance(account, str(draw.randint(100, 3000)), key="isolated:eth")
    for name in ("ada", "eve"):
        factories.grant(factories.person(name), made.desk, Role.LIMITS_ADMIN)
    made.price("3000", code="ETH-PERP")
    made.price("1.10", code="EURUSD")
    made.step("59500")
    return made


def tried(scene: Scene, kind: str, change: dict[str, Any]) -> DryRun:
    found = dry_run(kind=kind, change=change, desks=[scene.desk])
    assert isinstance(found, DryRun), found
    return found


def approved(scene: Scene, kind: str, change: dict[str, Any]) -> None:
    ada, eve = (User.objects.get(username=name) for name in ("ada", "eve"))
    desk = scene.desk if "desk" in change else None
    made = propose(kind=kind, change=change, desk=desk, reason="tried", person=ada, now=scene.now)
    assert isinstance(made, Proposal), made
    assert isinstance(approve(proposal=made, person=eve, now=scene.now), Proposal)


def opened_by(run: str) -> set[tuple[str, str]]:
    rows = Breach.objects.filter(opened_by=run, state__in=Breach.BROKEN)
    return set(rows.values_list("rule", "subject"))


@pytest.mark.parametrize("change", CHANGES, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(CHANGES)])
def test_what_was_tried_is_what_the_next_run_finds(scene: Scene, change: tuple[str, dict[str, Any]]):
    kind, said = change
    found = tried(scene, kind, said)
    before = desk_summary("PRIME")
    approved(scene, kind, said)
    run = scene.cycle().run
    called = {
        ("margin_level", f"account:{move.account}/{move.pool}")
        for move in found.called
        if move.level[0].word not in {"margin_call", "liquidation"}
    }
    broken = {(move.rule, move.after.subject) for move in found.broken if move.after}
    assert opened_by(run) == broken | called
    assert "margin_level" not in {move.rule for move in found.caps}, "a level is told as its pool's"
    after = desk_summary("PRIME")
    (sums,) = found.sums
    assert [f"{up(each, 2):f}" for each in sums.house] == [
        one["house_maintenance"] for one in (before, after)
    ]
    assert {level.word: number for level, number in sums.levels[1].items() if number} == {
        word: number for word, number in after["levels"].items() if number
    }
    assert found.broken or found.called or found.caps or found.pools, "the example moves something"


def answers(found: DryRun) -> set[tuple[object, ...]]:
    return {
        (move.rule, move.client, move.account, move.is_broken, move.is_kept_again, move.is_near)
        for move in found.caps
        if move.is_broken or move.is_kept_again or move.is_near
    }


def test_whoever_is_not_measured_anew_would_have_been_answered_the_same(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    values = ["0.5", "1", "2", "3.4", "3.6", "4.2", "5", "5.9"]
    changes = [{**CAP, "value": value, "warn": value} for value in values]
    changes += [{**CAP, "kind": "gross", "value": f"{size}000"} for size in (59, 60, 100, 119, 140, 178)]
    quickly = [answers(tried(scene, "limit", change)) for change in changes]
    monkeypatch.setattr("margin.whatif.dry_run.concerned", lambda _, members, *__: members)
    assert quickly == [answers(tried(scene, "limit", change)) for change in changes]
    assert len({frozenset(found) for found in quickly}) > 6, "the examples differ"


def test_nothing_stays_of_a_trial(scene: Scene):
    nouns = (Limit, HouseBuffer, InstrumentBuffer, DeskPolicy, Proposal, Breach)
    before = [list(noun.objects.values()) for noun in nouns] + [list(Shard.objects.values())]
    for kind, change in CHANGES[:10]:
        tried(scene, kind, change)
    assert [list(noun.objects.values()) for noun in nouns] + [list(Shard.objects.values())] == before


def test_it_names_who_is_called_and_with_how_much(scene: Scene):
    fifty_thousand = {**DESK, "kind": "gross", "scope": "client", "client": "ACME", "value": "50000"}
    (cap,) = tried(scene, "limit", fifty_thousand).broken
    assert (cap.rule, cap.client, cap.after.measured, cap.after.limit) == (
        "client_gross",
        "ACME",
        59500,
        50000,
    )
    assert cap.before is None, "nobody had asked"
    (called,) = tried(scene, "instrument_buffer", {"instrument": "BTC-PERP", "buffer": "10"}).called[:1]
    assert called.more == called.house[1] - called.house[0] > 0
    assert called.deposit > 0


def test_the_end_of_a_cap_keeps_again_who_had_broken_it(scene: Scene):
    own = {**DESK, "kind": "gross", "scope": "client", "client": "ACME"}
    approved(scene, "limit", {**own, "value": "50000"})
    scene.cycle()
    (cap,) = tried(scene, "limit", {**own, "end": True}).caps
    assert (cap.rule, cap.is_kept_again, cap.after) == ("client_gross", True, None)


@pytest.mark.parametrize(
    ("kind", "change"), [("instrument_buffer", {"instrument": "BTC-PERP", "buffer": "3"}), CHANGES[0]]
)
def test_each_desk_has_its_own_sums_and_the_unknown_are_counted(kind: str, change: dict[str, Any]):
    made, retail = make_scene(), factories.desk("RETAIL", zone="Europe/London")
    other = factories.sub_account("ZEDD-1", of=factories.client("ZEDD", of=retail))
    factories.balance(other, "20000")
    factories.position(other, made.btc, "2", "60000")
    dark = factories.sub_account("DARK-1", of=factories.client("DARK", of=made.desk))
    factories.position(dark, factories.instrument("ETH-PERP"), "1", "3000")
    made.step("59500")
    found = dry_run(kind=kind, change=change, desks=[made.desk, retail])
    assert isinstance(found, DryRun), found
    told = [(own.desk, f"{up(own.house[0], 2):f}", own.levels[0].total()) for own in found.sums]
    assert told == [
        (code, desk_summary(code)["house_maintenance"], accounts)
        for code, accounts in (("PRIME", 2), ("RETAIL", 1))
    ]
    assert (found.asked, found.unknown) == (3, 1)


@pytest.mark.parametrize("kind", ["role", "lift", "price_source", "trading_hours"])
def test_what_no_figure_rests_on_is_not_tried(kind: str):
    (refusal,) = dry_run(kind=kind, change={}, desks=[])
    assert (refusal.field, refusal.rule) == ("kind", "moves_no_figure")


def test_a_change_that_could_not_be_approved_is_refused_with_its_reason(scene: Scene):
    (refusal,) = dry_run(kind="limit", change={**CAP, "value": "-1"}, desks=[scene.desk])
    assert refusal.rule == "invalid"


def test_without_a_run_there_is_nothing_to_try_it_on(cast: Any):
    (refusal,) = dry_run(kind="limit", change={**CAP, "value": "5"}, desks=[cast.prime])
    assert refusal.rule == "no_run"
