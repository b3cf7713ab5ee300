"""The page about the API names exactly the areas that a token's scope may have."""

import re
from pathlib import Path

from accounts.access import DESK_AREAS, EXPLICIT_AREAS

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/api.md").read_text()


def test_every_scope_is_in_the_table_and_no_other() -> None:
    named = set(re.findall(r"^\| `([a-z]+)(?::<\w+>)?` \|", PAGE, re.M))
    assert named == set(DESK_AREAS) | EXPLICIT_AREAS
