"""Three modes in one chart: what plotly validates, what the eye sees, what a screen reader says."""

import plotly.graph_objects as go

from margin.charts.look import Figure
from margin.charts.modes import Course, modes

SHOCKS = [-0.5, 0.0, 0.5]


def course(down: float | None = None, up: float | None = None) -> Course:
    return Course([None, 100.0, 150.0], [None, 40.0, 45.0], down, up)


def drawn(**courses: Course) -> Figure:
    return modes(SHOCKS, courses)


def test_plotly_accepts_the_figure() -> None:
    figure = drawn(cross=course(), isolated=course(), as_given=course())
    go.Figure(data=figure["data"], layout=figure["layout"])


def test_each_mode_has_its_equity_and_its_requirement_along_the_shocks() -> None:
    figure = drawn(cross=course(), isolated=course())
    assert [(trace["name"], trace["x"], trace["y"]) for trace in figure["data"]] == [
        ("Cross", SHOCKS, [None, 100.0, 150.0]),
        ("Cross: requirement", SHOCKS, [None, 40.0, 45.0]),
        ("Isolated", SHOCKS, [None, 100.0, 150.0]),
        ("Isolated: requirement", SHOCKS, [None, 40.0, 45.0]),
    ]


def test_a_mode_is_told_by_its_colour_and_its_requirement_by_dots() -> None:
    equity, requirement = drawn(isolated=course())["data"]
    assert equity["line"]["color"] == requirement["line"]["color"] == "var(--series-2)"
    assert (equity["line"].get("dash"), requirement["line"]["dash"]) == (None, "dot")


def test_the_sentence_says_where_the_first_pool_of_each_mode_falls() -> None:
    text = drawn(cross=course(-0.25, 0.4), isolated=course(up=0.1), as_given=course())["text"]
    assert text == (
        "Cross: the first pool falls at −25.00 % or +40.00 %. Isolated: the first pool falls at +10.00 %. "
        "As given: no market-wide move makes a pool fall."
    )


def test_its_sentence_never_says_that_a_pool_falls_farther_off_than_it_does() -> None:
    assert "falls at −19.99 % or +0.00 %." in drawn(cross=course(-0.19999, 0.00001))["text"]


def test_a_coins_parts_are_told_and_never_as_milli() -> None:
    coins = Course([0.05, 0.1, 0.15], [0.02, 0.02, 0.02], None, None)
    assert {trace["hovertemplate"].partition("<")[0] for trace in drawn(cross=coins)["data"]} == {
        "%{y:,.4~r}"
    }
    plain, lettered = drawn(cross=coins)["layout"]["yaxis"]["tickformatstops"]
    assert (plain["dtickrange"][0], "s" in plain["value"], lettered["dtickrange"][0]) == (None, False, 1)
