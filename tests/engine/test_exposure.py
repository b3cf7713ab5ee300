"""Exposures: gross, net, by any key, with what is left out named."""

from dataclasses import replace
from fractions import Fraction

from margin.engine.exact import assess
from margin.engine.exposure import Exposure, concentration, exposed, rolled_up, share_of_market
from margin.engine.types import exact
from tests.engine.scene import DESK, account, cross, instrument, market

BTC = instrument("BTC-PERP", underlying="BTC", loadings={"crypto": exact(1)})
FUT = instrument("BTC-FUT", underlying="BTC", loadings={"crypto": exact(1), "basis": exact("-0.1")})
XAU = instrument("XAU", loadings={"metal": exact(1)})


def rows(**marks):
    own = account([cross(BTC, 2, 100), cross(FUT, -1, 100), cross(XAU, 3, 10)], wallet=1_000)
    prices = market({"BTC-PERP": 100, "BTC-FUT": 110, "XAU": 10} | marks)
    return exposed(own, assess(own, prices, DESK), client="C", rate=exact(2))


def test_gross_adds_and_net_nets_by_asset():
    assert rolled_up(rows(), by="asset").by_key == {
        "BTC": Exposure(exact(620), exact(180)),
        "XAU": Exposure(exact(60), exact(60)),
    }


def test_by_factor_a_position_counts_on_each_factor_by_its_loading():
    by_factor = rolled_up(rows(), by="factor").by_key
    assert by_factor["crypto"] == Exposure(exact(620), exact(180))
    assert by_factor["basis"] == Exposure(exact(22), exact(22))


def test_what_could_not_be_valued_is_named_not_counted_as_nothing():
    rollup = rolled_up(rows(XAU=0), by="asset")
    assert ("ACC", "XAU|cross|long") in rollup.left_out


def test_concentration_is_the_largest_share_of_the_gross():
    found = concentration(rows())
    assert (found.key, found.share) == ("BTC", Fraction(620, 680))
    assert concentration([]).share is None


def test_the_desks_share_of_open_interest_is_of_its_net():
    assert share_of_market(rows(), "BTC-PERP", exact(4_000)) == Fraction(1, 10)
    assert share_of_market(rows(), "BTC-PERP", None) is None


def test_every_key_names_its_own_and_the_currency_is_the_reporting_one():
    own = account([cross(BTC, 2, 100, "p")], wallet=1_000)
    own = replace(own, positions=(replace(own.positions[0], venue="V", strategy="S"),))
    figures = assess(own, market({"BTC-PERP": 100}), DESK)
    found = exposed(own, figures, client="C", desk="D", rate=exact("0.5"))
    for key, name in {
        "asset": "BTC", "instrument": "BTC-PERP", "venue": "V", "strategy": "S", "client": "C", "desk": "D",
    }.items():  # fmt: skip
        assert rolled_up(found, by=key).by_key == {name: Exposure(exact(100), exact(100))}
    assert rolled_up(exposed(own, figures, client="C"), by="desk").by_key[""].gross == 200


def test_without_a_rate_to_the_reporting_currency_nothing_is_said_of_an_account():
    own = account([cross(BTC, 2, 100, "p")], wallet=1_000)
    found = exposed(own, assess(own, market({"BTC-PERP": 100}), DESK), client="C", rate=None)
    assert (found[0].gross, found[0].net) == (None, None)
    rollup = rolled_up(found, by="asset")
    assert (rollup.by_key, rollup.left_out, rollup.gross) == ({}, (("ACC", "p"),), 0)


def test_a_short_share_of_the_open_interest_is_a_share_too():
    assert share_of_market(rows(), "BTC-FUT", exact(440)) == Fraction(1, 2)
    assert share_of_market(rows(), "NONE", exact(440)) == 0
