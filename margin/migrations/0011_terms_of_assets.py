from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_terms_of_assets_take_two_people'),
        ('margin', '0010_alert_reasons'),
    ]

    operations = [
        migrations.CreateModel(
            name='AssetTerms',
            fields=[
            ],
            options={
                'verbose_name': 'terms of assets',
                'verbose_name_plural': 'terms of assets',
                'proxy': True,
                'indexes': [],
                'constraints': [],
            },
            bases=('accounts.asset',),
        ),
    ]
