import accounts.models.columns
import django.contrib.auth.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_names_are_one_visible_line'),
    ]

    operations = [
        migrations.AlterField(
            model_name='desk',
            name='zone',
            field=models.CharField(default='UTC', help_text='IANA time zone, such as Europe/London.', max_length=64, validators=[accounts.models.columns.known_zone]),
        ),
        migrations.AlterField(
            model_name='deskevent',
            name='zone',
            field=models.CharField(default='UTC', help_text='IANA time zone, such as Europe/London.', max_length=64, validators=[accounts.models.columns.known_zone]),
        ),
        migrations.AlterField(
            model_name='user',
            name='first_name',
            field=models.CharField(blank=True, max_length=150, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='user',
            name='last_name',
            field=models.CharField(blank=True, max_length=150, validators=[accounts.models.columns.one_visible_line]),
        ),
        migrations.AlterField(
            model_name='user',
            name='username',
            field=models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='150 characters or fewer: letters, digits and @ . + - _ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator(), accounts.models.columns.one_visible_line]),
        ),
    ]
