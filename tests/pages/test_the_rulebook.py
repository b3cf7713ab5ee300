"""`/rulebook/` says what is in force, since when and by whom, what was before, and what waits."""

from datetime import timedelta

import pytest

from accounts.models import Proposal
from margin.flow.change import approve, propose
from margin.models import DeskPolicy
from margin.pages import rule_words as words
from margin.whatif.profiles import PROFILES
from riskdesk import clock
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages.rooms import EVIL, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]


def changed(cast: Cast, value: str, *, decide: bool = True, reason: str = "Calmer") -> Proposal:
    change = {"desk": "PRIME", "kind": "leverage", "scope": "desk", "value": value}
    made = propose(
        kind="limit", change=change, desk=cast.prime, reason=reason, person=cast.ada, now=clock.now()
    )
    assert isinstance(made, Proposal)
    if decide:
        assert isinstance(approve(proposal=made, person=cast.eve, note="", now=clock.now()), Proposal)
    return made


def test_a_cap_says_who_approved_it_and_what_was_before(cast: Cast) -> None:
    with clock.pinned(MONDAY_NOON):
        changed(cast, "10")
    with clock.pinned(MONDAY_NOON + timedelta(days=1)):
        changed(cast, "12", reason=EVIL)
        found = page(cast.vic, "/rulebook/?chapter=caps")
    assert "may hold at most 12 times its equity in positions; a warning comes at 9.6 times." in found
    assert 'since <time datetime="2026-03-03' in found
    assert "<bdi>ada</bdi>, then <bdi>eve</bdi>" in found
    before = found.partition("Before (1)")[2]
    assert "at most 10 times" in before
    assert "Until 2026-03-03" in before


def test_what_waits_for_a_second_person_is_no_rule_yet(cast: Cast) -> None:
    changed(cast, "10", decide=False)
    found = page(cast.vic, "/rulebook/?chapter=caps")
    assert "Waiting for a second person" in found
    assert "at most 10 times" not in found
    assert "No cap is set" in found
    assert "Waiting for a second person" not in page(cast.otto, "/rulebook/?chapter=caps")


def test_every_chapter_speaks_of_what_is_there(cast: Cast) -> None:
    factories.haircut(factories.asset("BTC", "coin"), (("0", "0.05"), ("1000000", "0.2")))
    factories.instrument(
        "BTC-PERP", tiers=(("0", "0.02", "0.01"), ("50000", "0.05", "0.025")), sources=("sim", "other")
    )
    factories.buffer(cast.prime, "0.125")
    found = page(cast.vic, "/rulebook/?chapter=whole")
    for said in (
        "It counts 95 % as collateral, falling in 2 tiers to 80 %.",
        "1 % maintenance, 2 % to open, rising in 2 tiers to 2.5 % and 5 %.",
        "Used by BTC-PERP.",
        "Every client: 12.5 % of maintenance on top of it.",
        "Priced by sim, then other. Stale after 5 s, unknown after 30 s.",
        "watched once its house requirement takes 60 % of its equity",
        "Always open.",
    ):
        assert said in found, said
    searched = page(cast.vic, "/rulebook/?q=btc-perp")
    assert "Price guards</h2>" in searched
    assert "House buffers</h2>" not in searched
    assert "No rule speaks of" in page(cast.vic, "/rulebook/?q=nothing-like-it")


def test_another_desks_rules_are_not_told(cast: Cast) -> None:
    factories.limit(cast.retail, "77")
    factories.buffer(cast.retail, "0.77")
    assert "77" not in page(cast.vic, "/rulebook/?chapter=whole").partition('class="book"')[2]


def test_a_rule_yet_to_come_says_so(cast: Cast) -> None:
    factories.limit(cast.prime, "10")
    with clock.pinned(MONDAY_NOON - timedelta(days=1)):
        assert ">not yet</span>" in page(cast.vic, "/rulebook/?chapter=caps")


def test_at_or_below_is_told_apart_from_below() -> None:
    assert "Equity at or below the house requirement" in words.of_policy(DeskPolicy(at_threshold="le"))
    assert "below 50 % of the initial margin required now" in words.of_profile(PROFILES["retail_au"])
