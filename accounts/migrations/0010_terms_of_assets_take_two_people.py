from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_loadings_take_two_people'),
    ]

    operations = [
        migrations.AlterField(
            model_name='proposal',
            name='kind',
            field=models.CharField(choices=[('limit', 'Limit'), ('buffer', 'House buffer'), ('instrument_buffer', 'Instrument buffer'), ('schedule', 'Margin schedule'), ('haircut', 'Haircut'), ('policy', 'Desk policy'), ('role', 'Role'), ('instrument_terms', 'Terms of an instrument'), ('client_class', 'Class of a client'), ('trading_hours', 'Trading hours'), ('price_source', 'Price source'), ('rate_path', 'Rate path'), ('loading', 'Factor loading'), ('asset_terms', 'Terms of an asset')], max_length=20),
        ),
    ]
