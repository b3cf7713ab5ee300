"""Money moves between pockets that exist, once per reference, and never more than may leave."""

from decimal import Decimal

import pytest

from accounts.ledger import Posted
from accounts.models import AuditEvent, Balance, Transfer
from margin.flow.transfer import Inside, Move, Outside, move_money
from margin.models import ShardState
from tests import factories
from tests.factories import MONDAY_NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
BANK = Outside("bank")


@pytest.fixture
def account(prime):
    """20,000 in the wallet under a long of 5 BTC (2 % initial), 3,000 in the pocket of an isolated long."""
    btc, eth = factories.instrument("BTC-PERP"), factories.instrument("ETH-PERP")
    factories.quote(btc, "60000")
    factories.quote(eth, "3000")
    account = factories.sub_account("ACME-1")
    factories.balance(account, "20000")
    factories.position(account, btc, "5", "60000")
    factories.position(account, eth, "10", "3000", mode="isolated", ref="eth")
    factories.balance(account, "3000", key="isolated:eth")
    return account


def move(giver, taker, amount, person, *, reference="t1", asset="USD"):
    wanted = Move(reference, asset, Decimal(amount), giver, taker)
    return move_money(move=wanted, person=person, now=MONDAY_NOON)


def pockets(account):
    rows = Balance.objects.filter(pocket__sub_account=account).select_related("pocket")
    return {row.pocket.key: row.amount for row in rows}


def wallet(account):
    return Inside(account, "wallet")


def test_a_deposit_lands_in_the_wallet_and_is_recorded_with_who_did_it(account, rita):
    assert isinstance(move(BANK, wallet(account), "500", rita), Posted)
    assert pockets(account)["wallet"] == 20500
    assert AuditEvent.objects.get(action="money.moved").actor == rita
    assert ShardState.objects.get().wanted_at is not None


def test_the_same_transfer_again_gets_the_first_answer_and_another_is_refused(account, rita):
    first = move(BANK, wallet(account), "500", rita)
    again = move(BANK, wallet(account), "500", rita)
    assert (again.transaction, again.again) == (first.transaction, True)
    assert move(BANK, wallet(account), "501", rita).rule == "reference_used"
    assert pockets(account)["wallet"] == 20500


def test_at_most_what_keeps_the_requirement_may_be_withdrawn(account, rita):
    refusal = move(wallet(account), BANK, "14000.01", rita)
    assert refusal.rule == "withdrawable"
    assert "14000" in refusal.message
    assert isinstance(move(wallet(account), BANK, "14000", rita), Posted)
    assert pockets(account)["wallet"] == 6000


def test_a_withdrawal_sent_again_is_not_measured_again(account, rita):
    assert isinstance(move(wallet(account), BANK, "14000", rita), Posted)
    assert move(wallet(account), BANK, "14000", rita).again


def test_profit_that_is_not_realised_may_not_be_withdrawn(account, rita):
    factories.quote(factories.Instrument.objects.get(code="BTC-PERP"), "62000")
    assert move(wallet(account), BANK, "14000", rita).rule == "withdrawable"  # it needs 6,200 now


def test_nothing_may_leave_while_a_price_of_the_pool_is_missing(account, rita):
    factories.position(account, factories.instrument("SOL-PERP"), "1", "100")
    assert move(wallet(account), BANK, "1", rita).rule == "unknown_figures"


def test_an_isolated_pocket_gives_back_only_what_its_position_does_not_need(account, rita):
    eth = Inside(account, "isolated:eth")
    assert move(eth, wallet(account), "2400.01", rita).rule == "withdrawable"
    assert isinstance(move(eth, wallet(account), "2400", rita), Posted)
    assert pockets(account) == {"wallet": 22400, "isolated:eth": 600}


def test_an_allocation_leaves_the_wallet_with_what_it_must_hold(account, rita):
    eth = Inside(account, "isolated:eth")
    assert move(wallet(account), eth, "14000.01", rita).rule == "pool_short"
    assert pockets(account) == {"wallet": 20000, "isolated:eth": 3000}
    assert isinstance(move(wallet(account), eth, "14000", rita), Posted)


def test_an_instrument_names_its_pocket_while_only_one_is_open(account, rita):
    eth = Inside(account, "isolated:ETH-PERP")
    assert isinstance(move(BANK, eth, "1", rita), Posted)
    assert pockets(account)["isolated:eth"] == 3001
    other = factories.Instrument.objects.get(code="ETH-PERP")
    factories.position(account, other, "1", "3000", mode="isolated", ref="eth-2")
    refusal = move(BANK, eth, "1", rita, reference="t2")
    assert (refusal.field, refusal.rule) == ("to.pocket", "ambiguous_pocket")
    assert "eth, eth-2" in refusal.message


def test_a_pocket_without_an_open_position_does_not_exist(account, rita):
    for name in ("isolated:nothing", "isolated:BTC-PERP|cross"):
        assert move(BANK, Inside(account, name), "1", rita).rule == "unknown"
    assert Transfer.objects.filter(reference="t1").count() == 0


def test_money_stays_on_its_desk(account, retail, rita):
    abroad = factories.sub_account("OTHER-1", of=factories.client("OTHER", of=retail))
    assert move(wallet(account), wallet(abroad), "1", rita).rule == "other_desk"


@pytest.mark.parametrize(("amount", "asset", "rule"), [("0.001", "USD", "scale"), ("1", "XAU", "unknown")])
def test_an_amount_that_cannot_be_kept_is_refused(account, rita, amount, asset, rule):
    assert move(BANK, wallet(account), amount, rita, asset=asset).rule == rule


def test_a_transfer_needs_two_ends_and_one_account(account, rita):
    assert move(BANK, Outside("other"), "1", rita).rule == "outside"
    again = move(wallet(account), wallet(account), "1", rita)
    assert (again.field, again.rule) == ("to.pocket", "same_pocket")
