"""POST calculator/ and calculator/compare/: the margin of an account that somebody describes."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from margin.api.composed import Maybe
from margin.api.described import described
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.problems import invalid
from margin.api.shapes import Choice
from margin.api.shapes_of_calculator import COMPARED, DESCRIBED, GIVES
from margin.whatif.calculator import in_words, measure
from margin.whatif.compare import compare
from margin.whatif.known import known_to
from margin.whatif.reading import Question, read
from riskdesk import clock

PARAMETERS = {"chart": Maybe(Choice(("true",)))}


class Calculator(Endpoint):
    @described("calculate", "Margin of a described account", GIVES, takes=DESCRIBED, tag="calculator")
    def post(self, request: Request) -> HttpResponse:
        return answer(in_words(measure(question_of(self, request))))


class Compare(Endpoint):
    parameters = PARAMETERS

    @described(
        "compare", "The same account in cross, isolated and as given", COMPARED,
        takes=DESCRIBED, parameters=PARAMETERS, tag="calculator",
    )  # fmt: skip
    def post(self, request: Request) -> HttpResponse:
        return answer(compare(question_of(self, request), chart=self.query["chart"] is not None))


def question_of(door: Endpoint, request: Request) -> Question:
    """The described account, or the end of the request."""
    told, _ = read_body(request, DESCRIBED)
    found: Any = read(told, known_to(door.caller, clock.now()))
    if not isinstance(found, Question):
        raise invalid(found)
    return found
