"""A source's snapshot is taken whole or not at all, in order, and twice is once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Transfer
from margin.flow.positions import put_positions
from margin.flow.source_snapshot import CashReport, OutOfOrder, SourceSnapshot, Stored
from margin.models import PositionVersion, ShardState, SnapshotTime
from tests import factories
from tests.factories import MONDAY_NOON
from tests.flow.source import held, pockets, put, refused, report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


# --- versions ------------------------------------------------------------------------------------------
def test_a_change_ends_one_version_and_begins_the_next_under_one_revision(account):
    put(account, report("1"))
    put(account, report("2"), at=1)
    first, second = PositionVersion.objects.order_by("pk")
    assert (first.quantity, second.quantity) == (1, 2)
    assert first.revision_to == second.revision_from
    assert second.revision_to is None


def test_a_quantity_of_zero_closes_and_stores_no_row(account):
    put(account, report("1"))
    answer = put(account, report("0"), at=1)
    assert [one.outcome for one in answer.positions] == ["closed"]
    assert held(account) == {}
    assert PositionVersion.objects.count() == 1


def test_closing_what_is_not_open_changes_nothing(account):
    answer = put(account, report("0"))
    assert [one.outcome for one in answer.positions] == ["unchanged"]
    assert not PositionVersion.objects.exists()


def test_one_bad_line_refuses_all_lines_and_all_cash(account):
    cash = (CashReport("ACME-1", "USD", Decimal(5), "c1"),)
    answer = put(account, report("1"), report("1", instrument="DOGE"), cash=cash)
    assert refused(answer) == {("positions[1].instrument", "unknown")}
    assert held(account) == {}
    assert pockets(account) == {"wallet": 20000}
    assert not SnapshotTime.objects.exists()


@pytest.mark.parametrize("quantity", ["99999999999999999999", "-50000000000"])
def test_a_position_worth_more_than_any_is_a_slip(account, quantity):
    slip = put(account, report("1"), report(quantity, ref="typo", entry_price=Decimal(20000)))
    assert refused(slip) == {("positions[1].quantity", "too_large")}
    assert held(account) == {}
    assert isinstance(put(account, report("49999999999", entry_price=Decimal(20000))), Stored)


def test_a_cycle_is_asked_for_only_when_something_changed(account):
    put(account, report("1"))
    assert ShardState.objects.get().wanted_at is not None
    ShardState.objects.update(wanted_at=None)
    put(account, report("1"), at=1)
    assert ShardState.objects.get().wanted_at is None


# --- order ---------------------------------------------------------------------------------------------
def test_an_older_snapshot_is_told_the_time_that_stands(account):
    put(account, report("2"), at=10)
    answer = put(account, report("1"), at=5)
    assert answer == OutOfOrder("ACME-1", MONDAY_NOON + timedelta(seconds=10))
    assert held(account) == {"BTC-PERP|cross": 2}


def test_sources_do_not_stand_in_each_others_order(account):
    put(account, report("2"), at=10)
    answer = put(account, report("1", instrument="ETH-PERP"), at=5, source="other")
    assert isinstance(answer, Stored)


def test_a_snapshot_from_the_future_is_refused(account):
    late = SourceSnapshot("sim", MONDAY_NOON + timedelta(seconds=3), (report(),))
    answer = put_positions(snapshot=late, accounts={"ACME-1": account}, person=None, now=MONDAY_NOON)
    assert refused(answer) == {("as_of", "future")}


# --- refs ----------------------------------------------------------------------------------------------
def test_a_ref_is_made_of_what_tells_the_position_apart(account):
    factories.venue("BINANCE")
    put(
        account,
        report(),
        report(mode="isolated"),
        report(venue="BINANCE"),
        report(strategy="trend"),
        report(venue="BINANCE", strategy="trend"),
    )
    assert set(held(account)) == {
        "BTC-PERP|cross",
        "BTC-PERP|isolated",
        "BTC-PERP|cross||BINANCE",
        "BTC-PERP|cross|||trend",
        "BTC-PERP|cross||BINANCE|trend",
    }


def test_a_hedge_names_its_sides_and_keeps_them(account):
    put(account, report("3"), report("-2"))
    assert held(account) == {"BTC-PERP|cross|long": 3, "BTC-PERP|cross|short": -2}
    put(account, report("4"), at=1)
    assert held(account) == {"BTC-PERP|cross|long": 4, "BTC-PERP|cross|short": -2}


def test_a_position_that_becomes_a_hedge_keeps_its_ref(account):
    put(account, report("3"))
    put(account, report("3"), report("-1"), at=1)
    assert held(account) == {"BTC-PERP|cross": 3, "BTC-PERP|cross|short": -1}


def test_a_net_position_that_turns_stays_one_position(account):
    put(account, report("3"))
    put(account, report("-1"), at=1)
    assert held(account) == {"BTC-PERP|cross": -1}


def test_closing_a_side_without_saying_which_is_refused(account):
    put(account, report("3"), report("-2"))
    assert refused(put(account, report("0"), at=1)) == {("positions[0].ref", "ambiguous_ref")}


def test_the_same_position_twice_is_refused(account):
    assert refused(put(account, report("1"), report("2"))) == {("positions[1].ref", "twice")}


def test_a_ref_stays_in_its_instrument(account):
    put(account, report(ref="a"))
    answer = put(account, report(ref="a", instrument="ETH-PERP"), at=1)
    assert refused(answer) == {("positions[0].instrument", "other_instrument")}


def test_a_source_owns_the_refs_it_sent(account):
    put(account, report())
    assert refused(put(account, report("2"), at=1, source="other")) == {("positions[0].ref", "other_source")}


def test_replace_closes_this_sources_other_refs_in_the_accounts_named_and_no_others(account):
    other = factories.sub_account("ACME-2", of=account.client)
    btc = factories.instrument("SOL-PERP")
    factories.position(other, btc, "5", "100")
    factories.position(account, btc, "7", "100", ref="foreign", sent_by="other")
    put(account, report("1"), report("2", instrument="ETH-PERP"))
    answer = put(account, report("1"), at=1, replace=True)
    assert held(account) == {"BTC-PERP|cross": 1, "foreign": 7}
    assert held(other) == {"SOL-PERP|cross": 5}
    assert {(one.ref, one.outcome) for one in answer.positions} == {
        ("BTC-PERP|cross", "unchanged"),
        ("ETH-PERP|cross", "closed"),
    }


def test_replace_with_no_positions_closes_all_of_an_account_that_is_named(account):
    put(account, report("1"))
    put(account, at=1, replace=True, accounts=("ACME-1",))
    assert held(account) == {}


# --- twice is once -------------------------------------------------------------------------------------
LINES = st.builds(
    lambda instrument, quantity, mode, price, amount: report(
        str(quantity),
        instrument=instrument,
        mode=mode,
        entry_price=price,
        isolated_margin=amount if mode == "isolated" and quantity else None,
    ),
    st.sampled_from(["BTC-PERP", "ETH-PERP"]),
    st.sampled_from([-2, -1, 0, 1, 2]),
    st.sampled_from(["cross", "isolated"]),
    st.sampled_from([Decimal(1), Decimal(3000)]),
    st.sampled_from([None, Decimal(0), Decimal(2500), Decimal(9000)]),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.lists(LINES, max_size=4), st.booleans()), min_size=1, max_size=4))
def test_every_snapshot_put_twice_stands_as_if_put_once(account, snapshots):
    from django.db import transaction

    with transaction.atomic():
        for second, (lines, replace) in enumerate(snapshots):
            fields = {"at": second + 1, "replace": replace, "accounts": ("ACME-1",)}
            first = put(account, *lines, **fields)
            once = (
                held(account),
                pockets(account),
                PositionVersion.objects.count(),
                Transfer.objects.count(),
            )
            again = put(account, *lines, **fields)
            twice = (
                held(account),
                pockets(account),
                PositionVersion.objects.count(),
                Transfer.objects.count(),
            )
            assert once == twice
            assert type(first) is type(again)
            assert sum(pockets(account).values()) == 20000
        transaction.set_rollback(True)
