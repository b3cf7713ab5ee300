"""The table behind Django's cache: used second factors, counts of failures. The shape is Django's own."""

from django.db import migrations

MAKE = """
CREATE TABLE accounts_memory (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX accounts_memory_expires ON accounts_memory (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_append_only")]
    operations = [migrations.RunSQL(MAKE, "DROP TABLE accounts_memory;")]
