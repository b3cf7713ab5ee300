"""The house's own counter and the first shard exist from the first day."""

from django.db import migrations


def make_shards(apps, schema_editor):
    shard = apps.get_model("accounts", "Shard")
    for number in (0, 1):
        shard.objects.get_or_create(number=number)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(make_shards, migrations.RunPython.noop)]
