"""Changing a limit or a buffer on `/limits/`: the form, the trial, the proposal, the second person.

Takes requests; gives HTML. Every deed is a function of `margin.flow.change`, the same that the administration
and the API call; what it refuses is said beside the field it speaks of.
"""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import access
from accounts.models import Client, Desk, HouseBuffer, Proposal, SubAccount, User
from margin.flow.change import approve, propose, reject, right_to_propose, weigh, withdraw
from margin.flow.differences import difference, moved_since, now_in_force
from margin.flow.proposal_words import (
    OF_A_KIND,
    alike,
    measured_as,
    proposal_row,
    subject,
    with_warning,
    written_lines,
)
from margin.flow.ruled import RULED
from margin.flow.versions import as_json
from margin.models import Instrument, InstrumentBuffer, Limit, TemporaryExcess
from margin.pages import dry_runs, limit_form
from margin.pages.desk import choose_desk
from margin.pages.limit_form import Form
from margin.pages.limit_words import earlier_excesses
from margin.pages.live import live_page
from margin.whatif.dry_run import dry_run
from margin.whatif.moves import DryRun
from riskdesk import clock
from riskdesk.errors import Refusal
from riskdesk.texts import MOST_CHARACTERS

DEEDS = {"approve": approve, "reject": reject, "withdraw": withdraw}
MOST_SUGGESTED = 400
MODELS: dict[str, Any] = {
    Proposal.Kind.LIMIT: Limit,
    Proposal.Kind.EXCESS: TemporaryExcess,
    Proposal.Kind.BUFFER: HouseBuffer,
    Proposal.Kind.INSTRUMENT_BUFFER: InstrumentBuffer,
}


# --- proposing ----------------------------------------------------------------------------------------
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def propose_page(request: HttpRequest) -> HttpResponse:
    """The form; posted as a trial or as a proposal."""
    desk = choose_desk(request)
    if desk is None:
        raise Http404
    kind = request.GET.get("kind", Proposal.Kind.LIMIT)
    if kind not in limit_form.KINDS:
        raise Http404
    if not access.may(request.user, right_to_propose(kind), desk):
        raise PermissionDenied
    if request.method != "POST":
        return _form(request, _opened(request, kind, desk))
    form = limit_form.posted(kind, desk, request.POST.dict())
    return _tried(request, form) if request.POST.get("deed") == "try" else _proposed(request, form)


def _opened(request: HttpRequest, kind: str, desk: Desk) -> Form:
    """Blank, from a version, or back to what a proposal changed."""
    if text := request.GET.get("from", ""):
        rows = access.for_user(MODELS[kind], request.user)
        version = get_object_or_404(rows, pk=_whole(text))
        _, current = _current(kind, version)
        reason = (
            "" if version.revision_to is None else f"Back to the values of {version.valid_at:%Y-%m-%d %H:%M}"
        )
        return limit_form.of_version(kind, desk, version, reason=reason, made_from=current)
    if text := request.GET.get("undo", ""):
        undone = get_object_or_404(access.for_user(Proposal, request.user), pk=_whole(text), kind=kind)
        values = undone.before or {**undone.change}
        pk, _ = now_in_force(kind, undone.change)
        said = f"Undo of change {undone.pk}: {undone.reason}"[:MOST_CHARACTERS]
        return limit_form.of_values(kind, desk, values, made_from=pk, reason=said)
    form = limit_form.blank(kind, desk)
    form.fields["client"] = request.GET.get("client", "")[:32]
    return form


def _current(kind: str, version: Any) -> tuple[Any, int | None]:
    said = as_json(RULED[kind], version) or {}
    pk, values = now_in_force(kind, {name: said[name] for name in RULED[kind].identity if said[name]})
    return values, pk


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Http404
    return int(text)


def _proposed(request: HttpRequest, form: Form) -> HttpResponse:
    made = propose(
        kind=form.kind,
        change=form.change(end=request.POST.get("deed") == "end"),
        desk=form.proposed_on,
        reason=form.fields["reason"],
        person=cast(User, request.user),
        now=clock.now(),
        made_from=form.made_from,
    )
    if isinstance(made, list):
        return _form(request, form, refused=made)
    messages.success(request, "Proposed. Somebody else approves it.")
    return seen_at(request, made)


def _tried(request: HttpRequest, form: Form) -> HttpResponse:
    """Of what this person could propose: a trial tells nothing of another desk's clients."""
    change, desk = form.change(), form.proposed_on
    person = cast(User, request.user)
    weighed = weigh(kind=form.kind, change=change, desk=desk, person=person, now=clock.now())
    if isinstance(weighed, list):
        return _form(request, form, refused=weighed)
    found = dry_run(kind=form.kind, change=change, desks=_desks(request, desk))
    if isinstance(found, DryRun):
        return _form(request, form, tried=dry_runs.shown(found))
    return _form(request, form, refused=found)


def _form(
    request: HttpRequest,
    form: Form,
    *,
    refused: list[Refusal] | None = None,
    tried: dict[str, Any] | None = None,
) -> HttpResponse:
    moved_on = any(refusal.rule == "moved_on" for refusal in refused or ())
    pk, values = now_in_force(form.kind, form.identity()) if form.fixed or moved_on else (None, None)
    of = alike(form.desk, (values or {}).get("kind")) if form.kind in OF_A_KIND else None
    context = {
        "form": form,
        "says": {r.field: r.message for r in refused or ()},
        "general": [r.message for r in refused or () if r.field not in limit_form.TEXTS],
        "refused": refused,
        "now": written_lines(with_warning(form.kind, difference(form.kind, values, form.change())), of)
        if values
        else [],
        "moved_on": moved_on,
        "newest": pk,
        "ends": form.fixed and pk is not None,
        "dry": tried,
        "earlier": earlier_excesses(form.desk, form.fields.get("client", "")) if form.is_excess else [],
        "may_propose": access.may(request.user, access.Action.PROPOSE, form.desk),
        "clients": Client.objects.filter(desk=form.desk).values_list("code", "name")[:MOST_SUGGESTED],
        "accounts": SubAccount.objects.filter(client__desk=form.desk).values_list("code", flat=True)[
            :MOST_SUGGESTED
        ],
        "instruments": Instrument.objects.filter(active=True).values_list("code", flat=True)[:MOST_SUGGESTED],
    }
    status = 409 if moved_on else 400 if refused else 200
    return render(request, "limits/propose.html", live_page(form.desk) | context, status=status)


# --- one proposal -------------------------------------------------------------------------------------
@require_GET
@never_cache
@login_required
def change_page(request: HttpRequest, change: int) -> HttpResponse:
    return _page(request, proposal_or_404(request, change))


def _page(request: HttpRequest, proposal: Proposal, refused: list[Refusal] | None = None) -> HttpResponse:
    desk = proposal.desk or choose_desk(request)
    if desk is None:
        raise Http404
    lines = with_warning(proposal.kind, difference(proposal.kind, proposal.before, proposal.change))
    own = proposal.proposed_by_id == request.user.pk
    waits = proposal.state == Proposal.State.PROPOSED
    may_decide = waits and not own and access.may(request.user, access.Action.APPROVE, proposal.desk)
    moved, of = moved_since(proposal), measured_as(proposal)
    shown = written_lines(lines, of)
    context = {
        "proposal": proposal,
        "row": proposal_row(proposal),
        "subject": subject(proposal),
        "changed": [line for line in shown if line["moved"]],
        "unchanged": [line for line in shown if not line["moved"]],
        "moved": written_lines(moved, of),
        "ends": bool(proposal.change.get("end")),
        "own": own,
        "waits": waits,
        "may_decide": may_decide,
        "may_withdraw": waits and own,
        "may_undo": proposal.state == Proposal.State.APPROVED
        and proposal.kind in limit_form.KINDS
        and access.may(request.user, right_to_propose(proposal.kind), proposal.desk),
        "earlier": _earlier(proposal),
        "is_excess": proposal.kind == Proposal.Kind.EXCESS,
        "refused": refused,
        "note": request.POST.get("note", ""),
    }
    stands_against = any(refusal.rule in {"moved_on", "already_decided"} for refusal in refused or ())
    status = 409 if stands_against else 400 if refused else 200
    return render(request, "limits/change.html", live_page(desk) | context, status=status)


def _earlier(proposal: Proposal) -> list[dict[str, Any]]:
    if proposal.kind != Proposal.Kind.EXCESS or proposal.desk is None:
        return []
    return earlier_excesses(proposal.desk, str(proposal.change.get("client", "")), but=proposal.pk)


@require_GET
@never_cache
@login_required
def change_tried(request: HttpRequest, change: int) -> HttpResponse:
    """The dry run, a part of the proposal's page that is fetched anew while it is looked at."""
    proposal = proposal_or_404(request, change)
    found = dry_run(kind=proposal.kind, change=proposal.change, desks=_desks(request, proposal.desk))
    if isinstance(found, DryRun):
        return render(request, "limits/dry_run.html", {"dry": dry_runs.shown(found)})
    return render(request, "limits/dry_run.html", {"refused": found})


@require_POST
@never_cache
@login_required
def change_decided(request: HttpRequest, change: int, deed: str) -> HttpResponse:
    """Approve, reject or withdraw; a refusal is shown where the button was."""
    proposal = proposal_or_404(request, change)
    if deed not in DEEDS:
        raise Http404
    note = request.POST.get("note", "")
    said = DEEDS[deed](proposal=proposal, person=cast(User, request.user), note=note, now=clock.now())
    if isinstance(said, list):
        if any(refusal.rule == "not_allowed" for refusal in said):
            raise PermissionDenied
        return _page(request, proposal_or_404(request, change), said)
    messages.success(request, f"{said.get_state_display()}: {subject(said)}")
    return seen_at(request, said)


def seen_at(request: HttpRequest, proposal: Proposal) -> HttpResponse:
    """Done, and seen on the proposal's page: 303, so that nothing is sent twice."""
    desk = choose_desk(request)
    query = f"?desk={desk.code}" if desk is not None and proposal.desk is None else ""
    address = f"{reverse('limit_change', args=[proposal.pk])}{query}"
    return HttpResponse(status=303, headers={"Location": address})


def proposal_or_404(request: HttpRequest, change: int) -> Proposal:
    rows = access.for_user(Proposal, request.user).exclude(kind=Proposal.Kind.ROLE)
    return get_object_or_404(rows.select_related("desk", "proposed_by", "decided_by"), pk=change)


def _desks(request: HttpRequest, desk: Desk | None) -> list[Desk]:
    """Of what concerns the whole house, the desks that this person may see."""
    return [desk] if desk is not None else list(access.desks_where(request.user, access.Action.SEE_DESK))
