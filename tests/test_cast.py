"""The rows that other tests stand on."""

from accounts.models import Balance, RoleGrant, Shard
from tests import factories


def test_every_person_of_the_cast_has_the_role_they_are_named_for(cast):
    found = {(g.user.username, g.desk.code, g.role) for g in RoleGrant.objects.select_related("user", "desk")}
    assert found == {
        ("rita", "PRIME", "risk_manager"),
        ("vic", "PRIME", "viewer"),
        ("ada", "PRIME", "limits_admin"),
        ("eve", "PRIME", "limits_admin"),
        ("otto", "RETAIL", "risk_manager"),
    }


def test_an_account_with_money_a_position_and_a_price_can_be_built_in_a_few_lines(prime):
    btc = factories.instrument("BTC-PERP", tiers=[("0", "0.02", "0.01"), ("50000", "0.04", "0.02")])
    account = factories.sub_account("ACME-1")
    factories.balance(account, "15000")
    factories.balance(account, "-5000")
    factories.position(account, btc, "-1.5", "60000")
    factories.quote(btc, "58000")
    factories.limit(prime, "20")
    factories.buffer(prime, "0.10")
    factories.haircut(factories.asset("BTC", "coin"), [("0", "0.10"), ("60000", "0.20")])
    assert Balance.objects.get().amount == 10000
    assert Shard.objects.get(number=1).revision == 3
