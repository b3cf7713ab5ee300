"""What a source tells moves money: into pockets and out of them, and as cash lines, each once."""

from decimal import Decimal

import pytest

from accounts.models import AuditEvent
from margin.flow.source_snapshot import CashReport, Stored
from tests import factories
from tests.flow.source import held, house, margin, pockets, put, refused, report

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


# --- pockets -------------------------------------------------------------------------------------------
def test_isolated_margin_is_the_target_of_the_pocket(account):
    put(account, margin("5000", "0.5"))
    assert pockets(account) == {"wallet": 15000, "isolated:BTC-PERP|isolated": 5000}
    put(account, margin("6000", "0.5"), at=1)
    assert pockets(account) == {"wallet": 14000, "isolated:BTC-PERP|isolated": 6000}
    put(account, margin("4000", "0.5"), at=2)
    assert pockets(account) == {"wallet": 16000, "isolated:BTC-PERP|isolated": 4000}


def test_a_pocket_that_is_not_spoken_of_stays(account):
    put(account, margin("5000", "0.5"))
    put(account, report("0.6", mode="isolated"), at=1)
    assert pockets(account)["isolated:BTC-PERP|isolated"] == 5000


def test_closing_returns_the_remainder(account):
    put(account, margin("5000", "0.5"))
    put(account, report("0", mode="isolated"), at=1)
    assert pockets(account) == {"wallet": 20000}


def test_becoming_cross_returns_the_pocket(account):
    put(account, margin("5000", "0.5", ref="a"))
    put(account, report("0.5", ref="a"), at=1)
    assert pockets(account) == {"wallet": 20000}


def test_being_left_out_of_a_replacing_snapshot_returns_the_pocket(account):
    put(account, margin("5000", "0.5"))
    put(account, at=1, replace=True, accounts=("ACME-1",))
    assert pockets(account) == {"wallet": 20000}


def test_a_realised_loss_is_settled_in_the_pocket_and_the_rest_returns(account):
    put(account, margin("5000", "0.5"))
    put(account, report("0", mode="isolated", realised_pnl=Decimal(-1000)), at=1)
    assert pockets(account) == {"wallet": 19000}
    assert house("pnl") == 1000


def test_a_loss_beyond_the_pocket_is_a_shortfall_that_the_wallet_never_pays(account):
    put(account, margin("3000", "0.5"))
    put(account, report("0", mode="isolated", realised_pnl=Decimal(-4000)), at=1)
    assert pockets(account) == {"wallet": 17000}
    assert house("insurance") == -1000
    event = AuditEvent.objects.get(action="shortfall.recorded")
    assert event.after == {"ref": "BTC-PERP|isolated", "amount": "1000.000000000000000000", "asset": "USD"}


def test_a_profit_taken_on_the_way_stays_in_the_pocket_until_the_source_lowers_it(account):
    put(account, margin("5000", "0.5"))
    put(account, report("0.4", mode="isolated", realised_pnl=Decimal(500)), at=1)
    assert pockets(account)["isolated:BTC-PERP|isolated"] == 5500
    put(account, margin("5000", "0.4", realised_pnl=Decimal(500)), at=2)
    assert pockets(account) == {"wallet": 15500, "isolated:BTC-PERP|isolated": 5000}


def test_margin_that_the_wallet_does_not_hold_is_refused(account):
    answer = put(account, margin("20000.01", "0.5"))
    assert refused(answer) == {("positions[0].isolated_margin", "insufficient_balance")}
    assert held(account) == {}


def test_of_several_accounts_the_one_that_falls_short_is_named(account):
    poor = factories.sub_account("ACME-2", of=account.client)
    factories.balance(poor, "100")
    lines = (margin("5000", "0.5"), margin("5000", "0.5", account="ACME-2"))
    answer = put(account, *lines, others=[poor])
    assert refused(answer) == {("positions[1].isolated_margin", "insufficient_balance")}
    assert pockets(account) == {"wallet": 20000}


def test_margin_that_would_leave_the_wallet_below_its_requirement_is_refused(account):
    """The wallet's cross position needs 2 % of 300,000 = 6,000: at most 14,000 may go."""
    put(account, report("5"))
    answer = put(account, report("5"), margin("14000.01", "1", instrument="ETH-PERP"), at=1)
    assert refused(answer) == {("positions[1].isolated_margin", "pool_short")}
    assert "6000" in answer[0].message
    assert pockets(account) == {"wallet": 20000}
    assert held(account) == {"BTC-PERP|cross": 5}
    answer = put(account, report("5"), margin("14000", "1", instrument="ETH-PERP"), at=1)
    assert isinstance(answer, Stored)


def test_a_pocket_is_not_lowered_below_what_its_position_needs(account):
    put(account, margin("5000", "1"))
    assert refused(put(account, margin("1199.99", "1"), at=1)) == {
        ("positions[0].isolated_margin", "pool_short")
    }
    assert isinstance(put(account, margin("1200", "1"), at=1), Stored)


def test_margin_is_not_given_while_the_wallet_cannot_be_measured(account):
    sol = factories.instrument("SOL-PERP")
    factories.position(account, sol, "5", "100")
    answer = put(account, margin("5000", "0.5"))
    assert refused(answer) == {("positions[0].isolated_margin", "unknown_figures")}


# --- cash ----------------------------------------------------------------------------------------------
def test_cash_is_posted_once_for_its_reference(account):
    cash = (CashReport("ACME-1", "USD", Decimal("-30.5"), "fee-1"),)
    first = put(account, cash=cash)
    again = put(account, at=1, cash=(*cash, CashReport("ACME-1", "USD", Decimal(100), "in-1")))
    assert (first.cash, again.cash) == ((("fee-1", "posted"),), (("fee-1", "known"), ("in-1", "posted")))
    assert pockets(account) == {"wallet": Decimal("20069.5")}


def test_a_fee_may_leave_the_wallet_in_debt(account):
    put(account, cash=(CashReport("ACME-1", "USD", Decimal(-20001), "fee-1"),))
    assert pockets(account) == {"wallet": -1}


def test_a_reference_that_names_other_money_is_refused(account):
    put(account, cash=(CashReport("ACME-1", "USD", Decimal(100), "in-1"),))
    answer = put(account, at=1, cash=(CashReport("ACME-1", "USD", Decimal(101), "in-1"),))
    assert refused(answer) == {("cash[0].reference", "reference_used")}
    assert pockets(account) == {"wallet": 20100}


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        (("ACME-1", "USD", "0", "a"), "cash[0].amount", "zero"),
        (("ACME-1", "USD", "0.001", "a"), "cash[0].amount", "scale"),
        (("ACME-1", "XAU", "1", "a"), "cash[0].asset", "unknown"),
        (("NOBODY", "USD", "1", "a"), "cash[0].account", "unknown"),
    ],
)
def test_cash_that_cannot_be_meant_is_refused(account, line, field, rule):
    code, asset, amount, reference = line
    answer = put(account, cash=(CashReport(code, asset, Decimal(amount), reference),))
    assert (field, rule) in refused(answer)
