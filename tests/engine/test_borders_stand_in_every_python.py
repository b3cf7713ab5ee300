"""What must hold is asked by raising, so that an optimised Python, which drops every assert, asks it too."""

import subprocess
import sys

import pytest

ASKED = {
    "MissingFigure": "from margin.engine.figures import known; known(None)",
    "Broken": "from riskdesk.errors import sure; sure(None, 'it is there')",
}


@pytest.mark.parametrize("fault", ASKED)
@pytest.mark.parametrize("optimised", [(), ("-O",), ("-OO",)], ids=["plain", "O", "OO"])
def test_a_border_that_is_crossed_raises(fault: str, optimised: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, *optimised, "-c", ASKED[fault]], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert fault in done.stderr.splitlines()[-1]
