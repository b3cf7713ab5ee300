"""The charts of one account: what plotly validates, what the eye sees, what a screen reader says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go

from margin.charts.ladder import Rung, ladder
from margin.charts.look import Figure
from margin.charts.paper import label
from margin.charts.through_time import Event, Moment, through_time
from margin.charts.waterfall import Kind, Step, waterfall
from margin.engine.rational import Fraction
from margin.engine.types import Policy

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULEBOOK = Policy()


def accepted(figure: dict[str, Any]) -> go.Figure:
    return go.Figure(data=figure["data"], layout=figure["layout"])


def moment(minutes_ago: int, equity: float | None) -> Moment:
    need = None if equity is None else 40.0
    use = None if equity is None or need is None else need / equity
    return Moment(NOON - timedelta(minutes=minutes_ago), equity, 35.0, need, use)


def course(*points: Moment, events: tuple[Event, ...] = (), bands: Policy = RULEBOOK) -> Figure:
    return through_time(points, events, bands=bands, currency="USD", since=NOON - HOUR, until=NOON)


def test_the_nearest_rung_stands_first_and_what_is_far_ends_at_the_edge() -> None:
    near = Rung("SOL long", 100, 120, 96, "96", "\u22124.0 %")
    far = Rung("BTC short", 100, 90, 400, "400", "+300.0 %")
    none = Rung("ETH long", 100, 100, None, "", "")
    figure = ladder([none, far, near, Rung("DOGE short", 100, 100, 117, "117", "+17.0 %")])
    assert accepted(figure).layout.yaxis.ticktext == ("SOL long", "DOGE short", "BTC short", "ETH long")
    ends = [value for trace in figure["data"] if trace["type"] == "bar" for value in trace["x"]]
    assert ends == [-0.04, 0.17, 0.2], "the scale is the near ones'"
    assert figure["text"].startswith("SOL long is liquidated at 96, \u22124.0 % away; ")
    assert figure["text"].endswith("ETH long has no liquidation price.")
    nobody = ladder([Rung("ETH long", 100, 100, None, "", "", unknown=True)])
    assert nobody["layout"]["annotations"][0]["text"] == "unknown"
    assert nobody["text"] == "ETH long has a liquidation price that is unknown."
    assert accepted(figure).layout.xaxis.ticktext == ("\u221220 %", "mark", "+20 %")


def test_what_is_below_its_line_stands_first_and_says_where_it_is_cured() -> None:
    near = Rung("SOL long", 100, 120, 96, "96", "\u22124.0 %")
    figure = ladder([near, Rung("BTC long", 100, 120, 150, "cured at 150", "", cures=True)])
    assert accepted(figure).layout.yaxis.ticktext == ("BTC long", "SOL long")
    assert figure["text"].startswith("BTC long is cured at 150; SOL long is liquidated at 96")
    assert next(trace["name"] for trace in figure["data"] if trace["type"] == "bar") == "within 2 %"


def test_a_waterfall_starts_each_part_where_the_last_ended() -> None:
    steps = [Step("BTC", 30), Step("ETH", 12), Step("Maintenance", 42, Kind.SUM)]
    steps += [Step("House buffer", 4.2, Kind.BUFFER), Step("House requirement", 46.2, Kind.SUM)]
    figure = waterfall(steps, currency="USD")
    accepted(figure)
    bases = {trace["name"]: trace["base"] for trace in figure["data"]}
    assert bases == {"part": [0.0, 30.0], "buffer": [42.0], "sum": [0.0, 0.0]}
    assert figure["text"].endswith("House requirement 46.2 USD.")


def test_a_waterfall_never_says_less_than_is_required_nor_more_than_is_owned() -> None:
    steps = [Step("BTC", 1000.4), Step("Maintenance", 1000.4, Kind.SUM), Step("Equity", 2000.6, Kind.EQUITY)]
    figure = waterfall(steps, currency="USD")
    assert figure["text"] == "BTC 1,001; Maintenance 1,001; Equity 2,000 USD."
    assert [trace["text"] for trace in figure["data"]] == [["+1,001"], ["1,001"], ["2,000"]]
    assert figure["data"][0]["hovertext"] == ["BTC<br>1,000.4 USD"]


def test_a_waterfall_of_a_coins_parts_tells_the_parts() -> None:
    assert waterfall([Step("BTC-COIN", 0.05321)], currency="BTC")["text"] == "BTC-COIN 0.0533 BTC."


def test_a_time_of_not_knowing_is_a_gap_and_counted() -> None:
    figure = course(moment(3, 100.0), moment(2, None), moment(1, 50.0))
    traces = {trace.name: trace for trace in accepted(figure).data}
    assert traces["Equity"].y == (100.0, None, 50.0)
    assert "Utilisation between 40.0 % and 80.0 %" in figure["text"]
    assert "Unknown at 1 of 3 points." in figure["text"]


def test_the_ground_of_headroom_is_one_stair_a_known_stretch_and_none_through_a_gap() -> None:
    course_of = course(moment(4, 100.0), moment(3, 80.0), moment(2, None), moment(1, 50.0))
    ground = accepted(course_of).data[0]
    first, second, last = (f"2026-03-02T11:{minute}:00.000" for minute in (56, 57, 59))
    assert ground.fill == "toself"
    assert ground.x == (first, second, second, second, second, first, None, last, last)
    assert ground.y == (100.0, 100.0, 80.0, 40.0, 40.0, 40.0, None, 50.0, 40.0)
    assert not [trace.name for trace in accepted(course_of).data[1:] if trace.fill]


def test_what_is_used_beyond_all_is_in_the_picture() -> None:
    figure = course(moment(2, 16.0))
    assert figure["layout"]["yaxis2"]["range"][1] > 40 / 16


def test_labels_of_the_time_stand_upright() -> None:
    axis = accepted(course(moment(1, 50.0))).layout.xaxis
    assert (axis.tickangle, axis.nticks) == (0, 5)


def test_an_alert_is_marked_where_equity_then_stood() -> None:
    event = Event(NOON - timedelta(minutes=1), "<b>margin call</b>", "critical")
    figure = course(moment(3, 100.0), moment(2, 60.0), events=(event,))
    marked = accepted(figure).data[-1]
    assert marked.y == (60.0,)
    assert marked.hovertext == ("&lt;b&gt;margin call&lt;/b&gt;",)


def test_utilisation_runs_over_the_grounds_of_the_desks_policy() -> None:
    strict = Policy(watch=Fraction(3, 10), at_risk=Fraction(48, 100), danger=Fraction(9, 10))
    figure = course(moment(2, 32.0), bands=strict)
    assert [shape["y0"] for shape in figure["layout"]["shapes"]] == [0.3, 0.48, 0.9, 1.0]
    assert figure["layout"]["yaxis2"]["tickvals"] == [0, 0.3, 1.0]
    assert [shape["y0"] for shape in course()["layout"]["shapes"]] == [0.6]


def test_empty_figures_are_figures() -> None:
    for figure in (ladder([]), waterfall([], currency="USD"), course()):
        accepted(figure)
        assert figure["text"]


def test_a_name_made_to_harm_is_a_plain_label() -> None:
    assert label("<a href=x>\u202egnp") == "&lt;a href=x&gt;gnp"
    assert len(label("x" * 300)) == 40


def test_a_requirement_that_nobody_knows_is_said_instead_of_an_empty_axis() -> None:
    figure = waterfall([], currency="USD", empty="What is required is unknown.")
    assert figure["text"] == figure["layout"]["annotations"][0]["text"] == "What is required is unknown."
    assert figure["layout"]["xaxis"]["visible"] is False
