"""The headroom chart: what plotly validates, what the eye sees, what a screen reader says."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import plotly.graph_objects as go

from margin.charts.headroom import headroom
from margin.charts.look import Figure
from margin.notify.push import CHART_FIGURES

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPAN = timedelta(minutes=30)


@dataclass(frozen=True)
class Point:
    at: datetime
    equity: Decimal | None
    house_maintenance: Decimal | None

    @property
    def utilisation(self) -> Decimal | None:
        return self.house_maintenance / self.equity if self.equity and self.house_maintenance else None


@dataclass(frozen=True)
class Bands:
    watch: Fraction = Fraction(60, 100)
    at_risk: Fraction = Fraction(70, 100)
    danger: Fraction = Fraction(80, 100)


def point(minutes_ago: int, equity: str, requirement: str) -> Point:
    return Point(NOON - timedelta(minutes=minutes_ago), Decimal(equity), Decimal(requirement))


def drawn(*points: Point, bands: Bands = Bands()) -> Figure:
    return headroom(points, bands=bands, currency="USD", until=NOON, span=SPAN)


def test_plotly_accepts_the_figure() -> None:
    figure = drawn(point(2, "100", "40"), point(1, "90", "45"))
    go.Figure(data=figure["data"], layout=figure["layout"])


def test_utilisation_is_requirement_over_equity_and_absent_without_equity() -> None:
    figure = drawn(point(2, "100", "40"), point(1, "0", "45"))
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert traces["Utilisation"]["y"] == [0.4, None]
    assert "fill" not in traces["Utilisation"], "a ground would run through what is not known"


def test_the_sentence_says_what_the_picture_shows() -> None:
    assert drawn(point(2, "100", "40"), point(1, "90", "45"))["text"] == (
        "Equity 90 USD, house requirement 45 USD. "
        "Utilisation 50.0 %; since 11:58 UTC between 40.0 % and 50.0 %."
    )


def test_its_sentence_never_reaches_a_line_that_the_figures_do_not() -> None:
    text = drawn(point(1, "100000.6", "99999.9001"))["text"]
    assert "Equity 100,000 USD, house requirement 100,000 USD. Utilisation 99.9 %" in text


def test_what_was_unknown_is_a_gap_in_every_trace_and_said() -> None:
    unknown = Point(NOON - timedelta(minutes=2), None, None)
    figure = drawn(point(3, "100", "40"), unknown, point(1, "90", "45"))
    go.Figure(data=figure["data"], layout=figure["layout"])
    ground, *lines = figure["data"]
    assert [trace["y"] for trace in lines] == [[40, None, 45], [100, None, 90], [0.4, None, 0.5]]
    assert ground["y"] == [100, 40, None, 90, 45], "one outline a stretch, and none across the gap"
    assert figure["text"].startswith("Equity 90 USD, house requirement 45 USD. Utilisation 50.0 %")
    assert figure["text"].endswith("Too many accounts were unknown at 1 of 3 points.")
    assert "knew the figures of enough" in drawn(unknown)["text"]


def test_without_equity_it_says_so() -> None:
    assert "there is no equity" in str(drawn(point(1, "0", "45"))["text"])


def test_without_runs_there_is_an_empty_figure_and_a_sentence() -> None:
    figure = drawn()
    go.Figure(data=figure["data"], layout=figure["layout"])
    assert figure["text"] == "No run has been kept in the last half hour."


def test_a_young_desk_is_not_an_empty_half_hour() -> None:
    window = drawn(point(5, "100", "40"))["layout"]["xaxis"]["range"]
    assert window == ["2026-03-02T11:55:00.000", "2026-03-02T12:00:00.000"]
    shortest = drawn(point(1, "100", "40"))["layout"]["xaxis"]["range"]
    assert shortest[0] == "2026-03-02T11:57:00.000"


def test_the_window_is_the_span_up_to_now() -> None:
    assert drawn()["layout"]["xaxis"]["range"] == ["2026-03-02T11:30:00.000", "2026-03-02T12:00:00.000"]


def test_the_bands_are_those_of_the_desks_policy() -> None:
    strict = Bands(watch=Fraction(1, 2), at_risk=Fraction(13, 20), danger=Fraction(3, 4))
    assert [shape["y0"] for shape in drawn()["layout"]["shapes"]] == [0.6, 0.7, 0.8, 1.0]
    assert [shape["y0"] for shape in drawn(bands=strict)["layout"]["shapes"]] == [0.5, 0.65, 0.75, 1.0]


def test_every_trace_has_a_field_of_the_live_points() -> None:
    figure = drawn(point(1, "90", "45"))
    fields = figure["live"]["y"]
    assert len(fields) == len(figure["data"])
    drawn_between = figure["live"]["ground"]["trace"]
    assert {field for place, field in enumerate(fields) if place != drawn_between} <= set(CHART_FIGURES)
