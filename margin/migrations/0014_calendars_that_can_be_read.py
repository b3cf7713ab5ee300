import accounts.models.columns
import margin.models.market
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('margin', '0013_names_are_one_visible_line'),
    ]

    operations = [
        migrations.AlterField(
            model_name='calendar',
            name='holidays',
            field=models.JSONField(blank=True, default=list, help_text='["2026-12-25"]: closed for that local date.', validators=[margin.models.market.readable_holidays]),
        ),
        migrations.AlterField(
            model_name='calendar',
            name='sessions',
            field=models.JSONField(blank=True, default=list, help_text='[{"from": "sun 18:00", "to": "fri 17:00"}] in the zone above.', validators=[margin.models.market.readable_sessions]),
        ),
        migrations.AlterField(
            model_name='calendar',
            name='zone',
            field=models.CharField(default='UTC', max_length=64, validators=[accounts.models.columns.known_zone]),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='holidays',
            field=models.JSONField(blank=True, default=list, help_text='["2026-12-25"]: closed for that local date.', validators=[margin.models.market.readable_holidays]),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='sessions',
            field=models.JSONField(blank=True, default=list, help_text='[{"from": "sun 18:00", "to": "fri 17:00"}] in the zone above.', validators=[margin.models.market.readable_sessions]),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='zone',
            field=models.CharField(default='UTC', max_length=64, validators=[accounts.models.columns.known_zone]),
        ),
        migrations.AlterField(
            model_name='localschedule',
            name='zone',
            field=models.CharField(max_length=64, validators=[accounts.models.columns.known_zone]),
        ),
    ]
