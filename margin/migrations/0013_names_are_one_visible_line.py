import accounts.models.columns
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('margin', '0012_parked_at_help'),
    ]

    operations = [
        migrations.AlterField(
            model_name='calendar',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='instrument',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='instrumentevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='localschedule',
            name='name',
            field=models.CharField(max_length=80, unique=True, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='marginschedule',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='marginscheduleevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='pricerefusal',
            name='instrument',
            field=models.CharField(blank=True, help_text='Blank for names nobody knows.', max_length=64),
        ),
        migrations.AlterField(
            model_name='riskfactor',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='riskfactorevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='source',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='sourceevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='venue',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='venueevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
    ]
