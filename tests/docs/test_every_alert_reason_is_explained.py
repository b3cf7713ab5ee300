"""The table of alert reasons names every reason there is, and none that is not."""

import re
from pathlib import Path

from margin.models import Alert

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "limits-and-alerts.md"


def test_every_alert_reason_is_explained_and_no_other():
    table = PAGE.read_text().partition("| severity | reason of an alert |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    assert named == set(Alert.Reason.values)
