"""`/help/`: the concepts of the documentation, read where the figures are; and every term with its place.

Takes a request; gives HTML made of `docs/concepts/*.md`. Knows no figure and no desk.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from margin.pages.prose import anchor_of, headings, rendered, words_in

FOLDER = Path(settings.BASE_DIR) / "docs" / "concepts"
ORDER = (
    "words",
    "margin",
    "cross",
    "isolated",
    "hybrid",
    "portfolio",
    "buffers",
    "levels",
    "liquidation",
    "limits-and-alerts",
    "history",
    "pages",
)
TERM = re.compile(r"^- \*\*([^*]+)\*\*", re.MULTILINE)


@cache
def concepts() -> dict[str, tuple[str, str]]:
    """Title and text of each, by the name of its file, in the order they are best read."""
    files = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.md"))}
    names = [*(name for name in ORDER if name in files), *(name for name in files if name not in ORDER)]
    return {name: (_title(files[name]), files[name]) for name in names}


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    pages = [(name, title, _first(text)) for name, (title, text) in concepts().items()]
    return render(request, "help/index.html", {"pages": pages, "terms": terms()})


@require_GET
@login_required
def concept(request: HttpRequest, name: str) -> HttpResponse:
    if name not in concepts():
        raise Http404
    title, text = concepts()[name]
    context: dict[str, Any] = {
        "name": name,
        "title": title,
        "body": body(name),
        "inside": [one for one in headings(text) if one.depth == 2],
        "pages": [(other, told) for other, (told, _) in concepts().items()],
    }
    return render(request, "help/concept.html", context)


@cache
def body(name: str) -> SafeString:
    return rendered(concepts()[name][1], address)


def address(target: str) -> str | None:
    """A link of the documentation inside the app: only concepts are here."""
    page, _, anchor = target.partition("#")
    if not page:
        return f"#{anchor}"
    name = page.removesuffix(".md")
    if name not in concepts():
        return None
    return reverse("concept", args=[name]) + (f"#{anchor}" if anchor else "")


@cache
def terms() -> list[tuple[str, str]]:
    """Every word that is explained, with its address: by a row of a table, or in bold by a list."""
    found: dict[str, str] = {}
    for name, (_, text) in concepts().items():
        here = place = reverse("concept", args=[name])
        for line in text.splitlines():
            if line.startswith("## "):
                place = f"{here}#{headings(line)[0].anchor}"
            elif term := TERM.match(line):
                found.setdefault(term[1].rstrip(":").lower(), place)
            elif words := words_in(line[2:].partition(" |")[0] if line.startswith("| ") else ""):
                for word in words:
                    found.setdefault(word.lower(), f"{here}#{anchor_of(words[0])}")
    return sorted((word[0].upper() + word[1:], place) for word, place in found.items())


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ").strip()


def _first(text: str) -> SafeString:
    """The first paragraph."""
    blocks = [block for block in text.split("\n\n")[1:] if not block.startswith(("#", "!", "|", "```"))]
    return rendered(blocks[0] if blocks else "", lambda target: None)
