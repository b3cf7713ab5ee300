"""What the pages of every ruled noun share: saving makes a proposal; a second person decides.

The forms are Django's own; what they say becomes plain JSON for `margin.flow.change`, which checks it all.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import DecimalField, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.access import Action
from accounts.admin.base import DeskAdmin, caller, desk_of
from accounts.admin.typed import AnyForm
from accounts.models import Proposal, User
from margin import formats
from margin.flow.change import propose, weigh
from margin.flow.ruled import RULED
from margin.flow.versions import plain
from riskdesk import clock


class InForce(admin.SimpleListFilter):
    """Versions in force, unless the history is asked for."""

    title = "in force"
    parameter_name = "history"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "With history")]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        return queryset if self.value() == "all" else queryset.filter(revision_to__isnull=True)


class RuledForm(AnyForm):
    """A noun's own columns, and the reason that the second person reads."""

    kind: str
    person: User
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The person who approves reads this.",
        max_length=2000,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.initial.items():
            if isinstance(value, Decimal):
                self.initial[name] = formats.plain(f"{value:f}")

    def said(self) -> dict[str, Any]:
        """The form's columns as a change is written."""
        ruled = RULED[self.kind]
        return {name: plain(getattr(self.instance, name)) for name in (*ruled.identity, *ruled.values)}

    def _post_clean(self) -> None:
        """Once the instance is filled in, ask the flow what it would refuse, and say it beside the field."""
        super()._post_clean()  # type: ignore[misc]  # Django's own step, which its stubs leave out
        if self.errors or RULED[self.kind].rows is not None:
            return
        weighed = weigh(
            kind=self.kind,
            change=self.said(),
            desk=desk_of(self.instance),
            person=self.person,
            now=clock.now(),
        )
        for refusal in weighed if isinstance(weighed, list) else ():
            self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)


class RuledAdmin(DeskAdmin):
    """A noun that changes only by versions that two people make."""

    kind: str
    form = RuledForm
    change_form_template = "admin/margin/ruled.html"
    edit_action = Action.PROPOSE
    immutable = ()
    save_as = False
    delete_confirmation_template = "admin/margin/end.html"

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [self._column(name) for name in super().get_list_display(request)]

    def _column(self, name: Any) -> Any:
        """Decimals without idle zeros; every other column as it is."""
        column = next((field for field in self.model._meta.fields if field.name == name), None)
        if not isinstance(column, DecimalField):
            return name

        @admin.display(description=column.verbose_name, ordering=name, empty_value="-")
        def plainly(row: Any) -> str | None:
            value = getattr(row, name)
            return None if value is None else formats.plain(f"{value:f}")

        return plainly

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        ruled = RULED[self.kind]
        named = (*ruled.identity, *ruled.values)
        shown = (name for name in self.get_readonly_fields(request, obj) if name not in named)
        return (*named, *shown, "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = RULED[self.kind].identity if obj is not None else ()
        return [*fixed, *self.readonly_fields]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **options)
        form.kind, form.person = self.kind, caller(request)
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        live = getattr(obj, "revision_to", None) is None
        return live and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing is saved: `save_related` knows the tiers too and proposes."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        said = form.said()
        if RULED[self.kind].rows is not None:
            said["rows"] = formsets[0].said()
        self.put_forward(request, form.instance, said, form.cleaned_data["reason"])

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Nothing is deleted, so nothing that points here stands in the way: an end is proposed."""
        named = [str(row) for row in objs]
        return named, {self.opts.verbose_name_plural: len(named)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        said = {name: plain(getattr(obj, name)) for name in RULED[self.kind].identity}
        self.put_forward(request, obj, {**said, "end": True}, f"Ended by {request.user}")

    def render_change_form(
        self, request: HttpRequest, context: Any, *shape: Any, **more: Any
    ) -> HttpResponse:
        """A refused form leaves what was typed in its row: the heading shows what is in force."""
        row = more.get("obj")
        if row is not None and row.pk and (stored := self.get_object(request, str(row.pk))):
            context |= {"original": stored, "subtitle": str(stored)}
        return super().render_change_form(request, context, *shape, **more)

    def put_forward(self, request: HttpRequest, row: Any, said: dict[str, Any], reason: str) -> None:
        made = propose(
            kind=self.kind,
            change=said,
            desk=desk_of(row),
            reason=reason,
            person=caller(request),
            now=clock.now(),
        )
        if isinstance(made, Proposal):
            request.__dict__["proposal"] = made
            messages.success(request, f"Proposed: {made.subject}. Somebody else approves it.")
        else:
            for refusal in made:
                messages.error(request, f"{refusal.field or 'change'}: {refusal.message}")

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit trail has it."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """The audit trail has it."""

    def construct_change_message(self, *_: Any, **__: Any) -> Any:
        return ""

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return self.to_proposal(request)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self.to_proposal(request)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        return self.to_proposal(request)

    def to_proposal(self, request: HttpRequest) -> HttpResponse:
        """On to the proposal; or back to the form, where the refusals are shown."""
        made = request.__dict__.get("proposal")
        if made is None:
            return HttpResponseRedirect(request.get_full_path())
        return HttpResponseRedirect(reverse("admin:accounts_proposal_change", args=[made.pk]))
