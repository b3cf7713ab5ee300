"""Which tests are asked about which module: the fewest that cover it, quick ones first.

What one account comes to is asked of everything that measures one; a module at the edge of its own tests.
"""

MEASURED = (
    "test_cross_and_isolated.py",
    "test_worked_examples.py",
    "test_prices_that_hurt.py",
    "test_distance.py",
    "test_formulas_of_positions_and_schedules.py",
    "test_formulas_of_pools_and_levels.py",
    "test_venues.py",
    "test_published_figures.py",
    "test_published_figures_of_inverse_contracts.py",
    "test_doubt.py",
    "test_funding.py",
    "test_portfolio.py",
)
SEARCHED = (
    "test_properties.py",
    "test_oracle.py::test_every_decision_and_figure_agrees[0]",
)

AT_THE_EDGE: dict[str, tuple[str, ...]] = {
    "breach": ("test_breach.py",),
    "call": ("test_call.py",),
    "orders": (
        "test_what_resting_orders_may_still_open.py",
        "test_orders_are_decided_as_the_oracle_decides.py",
    ),
    "whole_measures": ("test_whole_books_are_measured.py",),
    "limits": ("test_limits.py",),
    "pretrade": ("test_pretrade.py", "test_pretrade_at_its_edges.py"),
    "plan": ("test_plan.py",),
    "trades": ("test_trades.py", "test_pretrade.py", "test_plan.py", "test_stress.py"),
    "funding": ("test_funding.py", "test_funding_at_its_edges.py"),
    "profiles": ("test_profiles_at_their_edges.py", "test_profiles.py"),
    "steadied": ("test_shown_level.py",),
    "shown": ("test_shown.py",),
    "exposure": ("test_exposure.py",),
    "correlation": ("test_correlation.py",),
    "stress": ("test_stress_at_its_edges.py", "test_stress.py"),
    "cascade": ("test_stress_at_its_edges.py", "test_stress.py"),
    "explain": ("test_explain.py", "test_every_working_can_be_worked.py"),
    "explain_sums": ("test_every_working_can_be_worked.py",),
    "bridge": ("test_explain.py",),
    "measures": ("test_caps_at_their_edges.py", "test_limits.py"),
    "capped": ("test_caps_at_their_edges.py", "test_limits.py", "test_caps_while_prices_are_in_doubt.py"),
    "cap_range": ("test_caps_while_prices_are_in_doubt.py",),
    "curves": ("test_figures_along_a_shock_are_those_of_a_pool_valued_afresh.py",),
    "moving": ("test_figures_along_a_shock_are_those_of_a_pool_valued_afresh.py",),
    "shocked": ("test_figures_along_a_shock_are_those_of_a_pool_valued_afresh.py",),
    "hill": ("test_a_fall_is_the_same_by_its_tangents_and_piece_by_piece.py",),
    "falls": ("test_a_fall_is_the_same_by_its_tangents_and_piece_by_piece.py",),
    "search": ("test_the_search_finds_what_the_formulas_find.py",),
    "local_time": ("test_local_dates_follow_every_change_of_the_clocks.py",),
    "figures": ("test_levels_and_findings_stand_in_order.py",),
    "types": ("test_what_is_not_said_has_its_default.py",),
    "terms": ("test_whole_pools_at_their_edges.py",),
    "roots": ("test_a_polynomial_made_of_known_roots_falls_where_they_say.py",),
    "calendar": ("test_trading_calendars_know_when_an_instrument_trades.py",),
}
OF_ONE_ACCOUNT = (
    "exact", "liquidation", "distance", "risk", "valuation", "tiers", "pools", "prices", "doubt",
    "borders", "whole", "portfolio", "concentration", "terms", "types",
    "falls", "hill", "curves", "moving", "shocked", "roots", "search",
)  # fmt: skip

FROM_THE_TOP = (*OF_ONE_ACCOUNT[:3], "plan", "pretrade", "breach", "limits")
MODULES = tuple(dict.fromkeys((*FROM_THE_TOP, *OF_ONE_ACCOUNT, *AT_THE_EDGE)))


FIRST = {
    "exact": ("test_cross_and_isolated.py", "test_formulas_of_pools_and_levels.py"),
    "liquidation": ("test_prices_that_hurt.py",),
    "shocked": ("test_prices_that_hurt.py",),
    "distance": ("test_distance.py",),
    "borders": ("test_borders.py",),
    "doubt": ("test_prices_that_are_missing_or_in_doubt.py", "test_doubt.py"),
    "prices": ("test_prices_that_are_missing_or_in_doubt.py",),
    "portfolio": ("test_whole_pools_at_their_edges.py",),
    "whole": ("test_whole_pools_at_their_edges.py",),
    "concentration": ("test_whole_pools_at_their_edges.py",),
    "terms": ("test_whole_pools_at_their_edges.py",),
    "risk": ("test_formulas_of_pools_and_levels.py",),
    "tiers": (
        "test_borders.py",
        "test_formulas_of_positions_and_schedules.py",
        "test_formulas_of_pools_and_levels.py",
    ),
    "valuation": ("test_formulas_of_positions_and_schedules.py",),
    "pools": ("test_formulas_of_pools_and_levels.py",),
}


def tests_of(name: str) -> tuple[tuple[str, ...], ...]:
    """In rounds: a later one is only asked what the earlier ones let pass."""
    if name in AT_THE_EDGE:
        return (AT_THE_EDGE[name],)
    rounds = (FIRST.get(name, ()), MEASURED, SEARCHED)
    return tuple(files for files in rounds if files)
