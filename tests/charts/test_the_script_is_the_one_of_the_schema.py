"""The page's script is the plotly.js that the installed package validates figures for."""

from pathlib import Path

from plotly.offline import get_plotlyjs_version

VENDORED = Path(__file__).parents[2] / "static" / "vendor"


def test_the_vendored_script_has_the_version_of_the_package() -> None:
    (script,) = VENDORED.glob("plotly-*.min.js")
    assert script.name == f"plotly-cartesian-{get_plotlyjs_version()}.min.js"
