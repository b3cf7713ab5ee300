"""POST /accounts/present/: the page saw a hand on keyboard or mouse, so the person may go on acting.

For pages that live long without a request of their own. Once a minute is enough. It keeps a session awake and
never wakes one: after 30 idle minutes the answer is 403 and the password is asked.
"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from accounts.sessions import acted_lately, note_deed


@require_POST
def present(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    if not acted_lately(request.session):
        return HttpResponse(status=403)
    note_deed(request.session)
    return HttpResponse(status=204)
