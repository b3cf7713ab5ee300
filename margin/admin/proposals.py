"""Proposals: what is to change, from what, why; and the buttons of the second person."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from accounts.access import for_user
from accounts.admin.base import DeskFilter, ReadOnlyAdmin, caller
from accounts.models import Proposal
from margin.flow.change import approve, reject, withdraw
from margin.flow.differences import difference
from margin.flow.proposal_words import measured_as, proposal_row, written_lines
from margin.whatif.dry_run import MOVES_NO_FIGURE
from riskdesk import clock

DEEDS = {"approve": approve, "reject": reject, "withdraw": withdraw}


@admin.register(Proposal)
class ProposalPage(ReadOnlyAdmin):
    """Newest first, waiting ones on top; each shows the difference and who may decide."""

    change_form_template = "admin/margin/proposal.html"
    list_display = (
        "subject",
        "moves",
        "kind",
        "desk",
        "state",
        "proposed_by",
        "proposed_at",
        "decided_by",
        "decided_at",
    )
    list_filter = (DeskFilter, "state", "kind")
    list_select_related = ("desk__reporting_currency", "proposed_by", "decided_by")
    search_fields = ("subject", "reason", "proposed_by__username")

    @admin.display(description="what changes")
    def moves(self, proposal: Proposal) -> str:
        return str(proposal_row(proposal)["moves"])

    def get_urls(self) -> list[Any]:
        deed = path(
            "<int:pk>/decide/<str:deed>/",
            self.admin_site.admin_view(require_POST(self.decide)),
            name="decide_proposal",
        )
        return [deed, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Proposal]":
        return super().get_queryset(request).select_related("desk", "proposed_by", "decided_by")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        proposal = self.get_object(request, object_id)
        lines = difference(proposal.kind, proposal.before, proposal.change) if proposal else []
        of = measured_as(proposal) if proposal else None
        shown = {
            "title": "Proposal",
            "subtitle": proposal and proposal.subject,
            "proposal": proposal,
            "changed": written_lines([line for line in lines if line.moved], of),
            "unchanged": written_lines([line for line in lines if not line.moved], of),
            "can_be_tried": proposal is not None and proposal.kind not in MOVES_NO_FIGURE,
            "own": own(proposal, request),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def decide(self, request: HttpRequest, pk: int, deed: str) -> HttpResponse:
        """Carry out one button; a refusal is shown where it was pressed."""
        proposal = for_user(Proposal, request.user).filter(pk=pk).first()
        if proposal is None or deed not in DEEDS:
            return HttpResponse(status=404)
        said = DEEDS[deed](
            proposal=proposal,
            person=caller(request),
            note=request.POST.get("note", ""),
            now=clock.now(),
        )
        if isinstance(said, Proposal):
            messages.success(request, f"{said.get_state_display()}: {said.subject}")
        else:
            for refusal in said:
                messages.error(request, refusal.message)
        return HttpResponseRedirect(reverse("admin:accounts_proposal_change", args=[pk]))


def own(proposal: Proposal | None, request: HttpRequest) -> bool:
    return proposal is not None and proposal.proposed_by_id == request.user.pk
