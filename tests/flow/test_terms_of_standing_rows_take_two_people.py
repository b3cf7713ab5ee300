"""What a requirement or a cap rests on changes in place, by a proposal that another person approves."""

from decimal import Decimal

import pytest

from accounts.models import Client, Proposal, Shard
from margin.flow.change import approve, propose
from margin.flow.reference import save_reference
from margin.models import Calendar, Instrument, InstrumentSource, Loading, RatePath, RiskFactor
from tests import factories
from tests.conftest import Cast

NOW = factories.MONDAY_NOON
pytestmark = pytest.mark.django_db


def ask(cast: Cast, kind: str, change: dict, **more: object) -> Proposal | list:
    desk = cast.prime if kind == "client_class" else None
    return propose(kind=kind, change=change, desk=desk, reason="calm", person=cast.ada, now=NOW, **more)


def agree(cast: Cast, kind: str, change: dict) -> None:
    said = approve(proposal=ask(cast, kind, change), person=cast.eve, now=NOW)
    assert isinstance(said, Proposal), said


def rules(said: Proposal | list) -> list[tuple[str, str]]:
    assert isinstance(said, list), said
    return [(refusal.field, refusal.rule) for refusal in said]


def test_an_instruments_terms_change_when_a_second_person_agrees(cast: Cast) -> None:
    factories.instrument("BTC-PERP", fee_rate="0.001")
    factories.schedule("LAX")
    proposal = ask(cast, "instrument_terms", {"code": "BTC-PERP", "schedule": "LAX", "guard_band": "0.2"})
    assert Instrument.objects.get().schedule.code == "FLAT", "proposed, not in force"
    before = Shard.objects.get(number=0).revision
    approve(proposal=proposal, person=cast.eve, now=NOW)
    found = Instrument.objects.get()
    assert (found.schedule.code, found.guard_band) == ("LAX", Decimal("0.2"))
    assert found.fee_rate == Decimal("0.001"), "a name left out keeps its value"
    assert Shard.objects.get(number=0).revision == before + 1


def test_its_author_cannot_approve_it(cast: Cast) -> None:
    factories.instrument("BTC-PERP")
    proposal = ask(cast, "instrument_terms", {"code": "BTC-PERP", "fee_rate": "0.01"})
    assert rules(approve(proposal=proposal, person=cast.ada, now=NOW)) == [("person", "second_person")]


def test_an_approval_is_refused_when_the_row_moved_meanwhile(cast: Cast) -> None:
    factories.instrument("BTC-PERP")
    first = ask(cast, "instrument_terms", {"code": "BTC-PERP", "fee_rate": "0.01"})
    second = ask(cast, "instrument_terms", {"code": "BTC-PERP", "cap_class": "gold"})
    approve(proposal=first, person=cast.eve, now=NOW)
    assert rules(approve(proposal=second, person=cast.eve, now=NOW)) == [("base_version", "moved_on")]


def test_only_terms_are_taken_and_only_of_rows_that_stand(cast: Cast) -> None:
    factories.instrument("BTC-PERP")
    assert rules(ask(cast, "instrument_terms", {"code": "BTC-PERP", "name": "x"})) == [
        ("name", "unknown_field")
    ]
    assert rules(ask(cast, "instrument_terms", {"code": "BTC-PERP", "end": True})) == [
        ("end", "unknown_field")
    ]
    assert rules(ask(cast, "instrument_terms", {"code": "NONE", "fee_rate": "0"})) == [("code", "not_found")]


def test_a_clients_class_changes_by_proposal_of_its_own_desk(cast: Cast) -> None:
    factories.client("ACME", of=cast.prime)
    factories.client("ZEDD", of=cast.retail)
    change = {"desk": "PRIME", "code": "ACME", "regulatory_class": "retail_eu"}
    agree(cast, "client_class", change)
    assert Client.objects.get(code="ACME").regulatory_class == "retail_eu"
    assert rules(ask(cast, "client_class", {**change, "code": "ZEDD"})) == [("code", "not_found")]
    other = {**change, "desk": "RETAIL", "code": "ZEDD"}
    assert rules(ask(cast, "client_class", other)) == [("desk", "other_desk")]


def test_trading_hours_change_by_proposal(cast: Cast) -> None:
    factories.calendar("US")
    sessions = [{"from": "sun 18:00", "to": "fri 17:00"}]
    agree(cast, "trading_hours", {"code": "US", "sessions": sessions})
    assert Calendar.objects.get(code="US").sessions == sessions


def test_sources_and_rates_come_move_and_go_by_proposal(cast: Cast) -> None:
    factories.instrument("BTC-PERP", sources=("sim",))
    factories.source("other")
    agree(cast, "price_source", {"instrument": "BTC-PERP", "source": "other", "rank": "2"})
    agree(cast, "price_source", {"instrument": "BTC-PERP", "source": "sim", "rank": "3"})
    agree(cast, "price_source", {"instrument": "BTC-PERP", "source": "other", "rank": "1"})
    assert list(InstrumentSource.objects.values_list("source__code", "rank")) == [("other", 1), ("sim", 3)]
    agree(cast, "price_source", {"instrument": "BTC-PERP", "source": "sim", "end": True})
    assert InstrumentSource.objects.get().source.code == "other"
    factories.asset("EUR")
    agree(cast, "rate_path", {"base": "EUR", "quote": "USD", "instrument": "BTC-PERP"})
    assert RatePath.objects.get().instrument.code == "BTC-PERP"


def test_a_loading_comes_moves_and_goes_by_proposal(cast: Cast) -> None:
    factories.instrument("BTC-PERP")
    RiskFactor.objects.create(code="CRYPTO", name="Crypto", asset_class="crypto")
    named = {"instrument": "BTC-PERP", "factor": "CRYPTO"}
    agree(cast, "loading", {**named, "loading": "1"})
    before = Shard.objects.get(number=0).revision
    agree(cast, "loading", {**named, "loading": "1.25"})
    assert Loading.objects.get().loading == Decimal("1.25")
    assert Shard.objects.get(number=0).revision == before + 1, "every book sees it"
    assert rules(ask(cast, "loading", {**named, "loading": "100"})) == [("loading", "invalid")]
    agree(cast, "loading", {**named, "end": True})
    assert not Loading.objects.exists()


def test_an_edit_of_one_person_never_writes_terms(cast: Cast) -> None:
    """Not even the old ones, out of a form that was opened before an approval."""
    acme = factories.client("ACME", of=cast.prime)
    Client.objects.update(regulatory_class="retail_eu")
    acme.name, acme.regulatory_class = "New name", "eligible"
    save_reference(row=acme, person=cast.ada, desk=cast.prime, changed=["name", "regulatory_class"])
    found = Client.objects.get()
    assert (found.name, found.regulatory_class) == ("New name", "retail_eu")
