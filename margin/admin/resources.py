"""Reference data as files: columns of each noun, codes instead of row numbers, one revision a file."""

from functools import cache, partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import OperationalError
from import_export import fields, resources, widgets
from psycopg.errors import LockNotAvailable

from accounts.access import Action, for_user, may
from accounts.admin.base import desk_of, has_column
from accounts.models import Asset, Client, Desk, Shard, SubAccount
from accounts.revisions import hold_house_revision
from margin.admin.strict_files import WIDGETS, WithoutTrace, refuse_shape
from margin.flow.reference import reference_changed
from margin.models import Calendar, Instrument, MarginSchedule, RiskFactor, Source, Venue

BUSY = "Somebody else is changing reference data or rules at this moment: send the file again in a minute."


def by_code(column: str, model: Any) -> fields.Field:
    """A column that names another row by its code."""
    return fields.Field(column_name=column, attribute=column, widget=widgets.ForeignKeyWidget(model, "code"))


class ReferenceResource(resources.ModelResource):
    """Rows are found by code; a file that changes anything takes one revision and leaves one audit row."""

    WIDGETS_MAP = {**resources.ModelResource.WIDGETS_MAP, **WIDGETS}

    def __init__(
        self,
        person: Any = None,
        right: Action = Action.SEE_DESK,
        immutable: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.person, self.right, self.immutable = person, right, immutable
        self.may_edit = cache(partial(may, person, right))

    def get_queryset(self) -> Any:
        """Only rows that exist for whoever brings the file."""
        return for_user(super().get_queryset(), self.person, self.right)

    @classmethod
    def get_error_result_class(cls) -> type[WithoutTrace]:
        return WithoutTrace

    def before_import(self, dataset: Any, **options: Any) -> None:
        """From here on nobody approves anything: what a readable file finds in force stays so."""
        try:
            refuse_shape(dataset, [field.column_name for field in self.get_import_fields()], "code")
        except ValidationError:
            del dataset[:]  # the library tells it, and would read every row all the same
            raise
        try:
            hold_house_revision()
        except OperationalError as error:
            del dataset[:]  # each row would wait as long again for whoever holds it
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise ValidationError(BUSY) from error

    def before_save_instance(self, instance: Any, row: Any, **options: Any) -> None:
        """The same two rules as the form: the right on the row's own desk, and what is fixed stays."""
        if not self.may_edit(desk_of(instance)):
            raise ValidationError(f"{instance}: you may not edit rows of this desk.")
        stands = type(instance)._default_manager.filter(pk=instance.pk).first()
        for name in self.immutable if stands else ():
            if has_column(type(instance), name) and getattr(stands, name) != getattr(instance, name):
                raise ValidationError(f"{instance}: {name} is fixed once a row stands, or takes two people.")

    def after_import(self, dataset: Any, result: Any, **options: Any) -> None:
        if options.get("dry_run"):
            return
        counts = {name: count for name, count in result.totals.items() if count}
        reference_changed(
            person=self.person,
            subject=f"import of {self._meta.model._meta.verbose_name_plural}",
            desk=None,
            after=counts,
        )

    class Meta:
        abstract = True
        import_id_fields = ("code",)
        skip_unchanged = True
        report_skipped = True
        use_transactions = True
        clean_model_instances = True


class DeskResource(ReferenceResource):
    reporting_currency = by_code("reporting_currency", Asset)

    class Meta(ReferenceResource.Meta):
        model = Desk
        fields = ("code", "name", "zone", "reporting_currency")


class AssetResource(ReferenceResource):
    class Meta(ReferenceResource.Meta):
        model = Asset
        fields = ("code", "name", "kind", "scale", "shock_loading", "step")


class ClientResource(ReferenceResource):
    desk = by_code("desk", Desk)
    shard = fields.Field(
        column_name="shard", attribute="shard", widget=widgets.ForeignKeyWidget(Shard, "number")
    )

    class Meta(ReferenceResource.Meta):
        model = Client
        fields = ("code", "name", "desk", "regulatory_class", "status", "shard")


class SubAccountResource(ReferenceResource):
    client = by_code("client", Client)
    base_currency = by_code("base_currency", Asset)

    class Meta(ReferenceResource.Meta):
        model = SubAccount
        fields = ("code", "name", "client", "default_mode", "base_currency", "status")


class VenueResource(ReferenceResource):
    class Meta(ReferenceResource.Meta):
        model = Venue
        fields = ("code", "name")


class CalendarResource(ReferenceResource):
    class Meta(ReferenceResource.Meta):
        model = Calendar
        fields = ("code", "name", "zone", "sessions", "holidays")


class RiskFactorResource(ReferenceResource):
    class Meta(ReferenceResource.Meta):
        model = RiskFactor
        fields = ("code", "name", "asset_class")


class SourceResource(ReferenceResource):
    class Meta(ReferenceResource.Meta):
        model = Source
        fields = ("code", "name")


class MarginScheduleResource(ReferenceResource):
    class Meta(ReferenceResource.Meta):
        model = MarginSchedule
        fields = ("code", "name")


class InstrumentResource(ReferenceResource):
    venue = by_code("venue", Venue)
    settlement = by_code("settlement", Asset)
    underlying = by_code("underlying", Asset)
    calendar = by_code("calendar", Calendar)
    schedule = by_code("schedule", MarginSchedule)

    class Meta(ReferenceResource.Meta):
        model = Instrument
        exclude = ("id",)
