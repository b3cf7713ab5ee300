"""A style sheet that asks for a token nobody defines is silently without colour."""

import re

from django.conf import settings

SHEETS = (settings.BASE_DIR / "static" / "css").glob("*.css")
SCRIPTS = (settings.BASE_DIR / "static" / "js").rglob("*.js")
PAGES = (settings.BASE_DIR / "templates").rglob("*.html")


def test_every_token_that_a_sheet_asks_for_is_defined_somewhere():
    sheets = {path.name: path.read_text() for path in SHEETS if path.name != "admin.css"}
    elsewhere = "".join(path.read_text() for path in (*SCRIPTS, *PAGES))
    defined = set(re.findall(r"(--[a-z][\w-]*)\s*:", "".join(sheets.values())))
    defined |= set(re.findall(r"--[a-z][\w-]*", elsewhere))
    asked = {
        (name, token) for name, text in sheets.items() for token in re.findall(r"var\((--[\w-]+)\)", text)
    }
    assert {each for each in asked if each[1] not in defined} == set()
