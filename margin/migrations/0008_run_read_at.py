"""A run remembers when it read its inputs: nouns of the past are found by that instant."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("margin", "0007_plurals")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="read_at",
            field=models.DateTimeField(
                help_text="When the inputs were read, by the database's clock; nouns are found by it.",
                null=True,
            ),
        ),
    ]
