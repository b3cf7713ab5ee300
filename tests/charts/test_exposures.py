"""Bars of net against gross, and the treemap's places."""

import plotly.graph_objects as go
import pytest

from margin.charts.bars import Bar, bars
from margin.charts.treemap import treemap


def test_longs_go_right_shorts_left_and_the_net_lies_on_them() -> None:
    figure = bars([Bar("BTC", 150.0, 50.0), Bar("", 10.0, -10.0)], currency="USD")
    drawn = go.Figure(data=figure["data"], layout=figure["layout"]).data
    assert [list(trace.x) for trace in drawn] == [[100.0, 0.0], [-50.0, -10.0], [50.0, None], [None, -10.0]]
    assert figure["text"] == "BTC net +50, gross 150; not told net \u221210, gross 10 USD."
    assert bars([], currency="USD")["text"] == "Nothing is held."


def test_amounts_are_said_in_whole_units_as_the_tiles_beside_say_them() -> None:
    figure = bars([Bar("BTC", 150.5, 50.1)], currency="USD")
    assert figure["text"] == "BTC net +51, gross 151 USD."
    assert [trace["hovertext"][0].partition("<br>")[2] for trace in figure["data"]] == [
        "long 101 USD", "short 51 USD", "net +51, gross 151 USD", "net +51, gross 151 USD",
    ]  # fmt: skip


@pytest.mark.parametrize("sizes", [[6, 6, 4, 3, 2, 2, 1], [1], [5, 5, 5, 5], [1e9, 1.0, 1e-9]])
def test_boxes_cover_the_whole_in_proportion(sizes: list[float]) -> None:
    places = treemap(sizes)
    areas = [place.width * place.height for place in places]
    assert areas == pytest.approx([size / sum(sizes) * 100 * 100 for size in sizes])
    for place in places:
        assert -1e-4 <= place.left <= place.left + place.width <= 100 + 1e-4
        assert -1e-4 <= place.top <= place.top + place.height <= 100 + 1e-4


def test_boxes_are_as_square_as_they_can_be() -> None:
    places = treemap([6, 6, 4, 3, 2, 2, 1], shape=1.5)
    assert all(max(p.width * 1.5 / p.height, p.height / p.width / 1.5) < 3.5 for p in places)


def test_nothing_has_no_places() -> None:
    assert treemap([]) == []
    assert treemap([0.0]) == []
