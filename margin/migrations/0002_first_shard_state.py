"""The first shard can be worked from the first day."""

from django.db import migrations


def make_states(apps, schema_editor):
    state = apps.get_model("margin", "ShardState")
    for shard in apps.get_model("accounts", "Shard").objects.exclude(number=0):
        state.objects.get_or_create(shard=shard)


class Migration(migrations.Migration):
    dependencies = [("margin", "0001_initial"), ("accounts", "0002_first_shards")]
    operations = [migrations.RunPython(make_states, migrations.RunPython.noop)]
