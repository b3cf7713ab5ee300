"""An answer that is not a success, in the one form of them all: problem+json (RFC 9457).

Takes a status, a name that programs can test, a sentence, and refusals; gives plain values. Whoever answers
(the API, the rules of signing in, the gate, /metrics) writes them as it writes anything.
"""

from collections.abc import Sequence
from typing import Any

from riskdesk.errors import Refusal

CONTENT_TYPE = "application/problem+json"
TITLES = {
    400: "The request cannot be accepted",
    401: "Sign in or send a token",
    403: "Not allowed",
    404: "There is no such thing",
    405: "Not done this way",
    409: "In conflict with what stands",
    413: "Too large",
    414: "The address is too long",
    415: "Not a format we take",
    422: "The key was used for something else",
    429: "Too many requests",
    500: "A fault of ours",
    503: "Not now",
}


def problem(
    status: int, name: str, detail: str, errors: Sequence[Refusal] = (), **more: Any
) -> dict[str, Any]:
    return {
        "type": f"urn:riskdesk:problem:{name}",
        "title": TITLES.get(status, "The request cannot be answered"),
        "status": status,
        "detail": detail,
        "errors": [refusal.as_dict() for refusal in errors],
        **more,
    }
