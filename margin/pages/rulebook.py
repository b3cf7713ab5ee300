"""`/rulebook/`: the rules in force for one desk in plain words, from what the runs read; with history.

Takes a request; gives HTML. Nothing is written by hand here: a rule that is not in force cannot stand in it.
"""

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from margin.pages.asked import Asked
from margin.pages.desk import choose_desk
from margin.pages.rule_entries import Chapter, Entry, chapters, waiting
from riskdesk import clock
from riskdesk.codes import SHAPE

WHOLE = "whole"


@require_GET
@never_cache
@login_required
@gzip_page
def room(request: HttpRequest) -> HttpResponse:
    desk = choose_desk(request)
    if desk is None:
        return render(request, "desk/nobody.html")
    asked = Asked(request.GET)
    asked.text("desk", SHAPE)
    found = chapters(desk)
    chosen = asked.choice("chapter", {chapter.name for chapter in found} | {WHOLE}, found[0].name)
    searched = asked.text("q").lower()
    context: dict[str, Any] = {"asked": asked, "desk": desk, "chosen": chosen, "now": clock.now()}
    context["contents"] = [
        replace(chapter, link=asked.link(chapter=chapter.name, q=None)) for chapter in found
    ]
    context["whole"] = asked.link(chapter=WHOLE, q=None)
    context["chapters"] = _shown(found, chosen, searched)
    context["waiting"] = waiting(desk)
    return render(request, "rulebook/room.html", context)


def _shown(found: list[Chapter], chosen: str, searched: str) -> list[Chapter]:
    """The chosen chapter; of a search, every chapter that has something."""
    if searched:
        cut = [
            replace(chapter, entries=[each for each in chapter.entries if _fits(each, searched)])
            for chapter in found
        ]
        return [chapter for chapter in cut if chapter.entries]
    return [chapter for chapter in found if chosen in (WHOLE, chapter.name)]


def _fits(entry: Entry, searched: str) -> bool:
    return any(searched in text.lower() for text in (entry.subject, entry.now.words, entry.more))
