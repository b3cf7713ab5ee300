import accounts.models.columns
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_terms_of_assets_take_two_people'),
    ]

    operations = [
        migrations.AlterField(
            model_name='asset',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='assetevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='client',
            name='name',
            field=models.CharField(max_length=120, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='clientevent',
            name='name',
            field=models.CharField(max_length=120, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='desk',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='deskevent',
            name='name',
            field=models.CharField(max_length=80, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='subaccount',
            name='name',
            field=models.CharField(max_length=120, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='subaccountevent',
            name='name',
            field=models.CharField(max_length=120, validators=[accounts.models.columns.one_visible_line]),
        ),
    ]
