"""Positions and rules of the past stay as they were: a version only ends, its tiers do not even do that."""

from django.db import migrations

from accounts.migrations._append_only import append_only, undo, version

APPEND_ONLY = ("margin_tier", "margin_haircuttier")
VERSIONS = (
    "margin_positionversion",
    "margin_limit",
    "margin_scheduleversion",
    "margin_haircutversion",
    "margin_instrumentbuffer",
    "margin_deskpolicy",
)


class Migration(migrations.Migration):
    dependencies = [("margin", "0003_quote_doubt_since"), ("accounts", "0005_append_only")]
    operations = [
        migrations.RunSQL("".join(map(append_only, APPEND_ONLY)), undo(*APPEND_ONLY)),
        migrations.RunSQL("".join(map(version, VERSIONS)), undo(*VERSIONS)),
    ]
