"""What was written stays written; and a new audit row waits for its seal from the moment it exists.

The application's role, where there is one, may not even ask to change these tables: it adds rows and reads.
"""

from django.db import migrations

from accounts.migrations._append_only import DROP_FUNCTIONS, FUNCTIONS, append_only, undo, version

APPEND_ONLY = ("accounts_transfer", "accounts_auditevent", "accounts_auditseal")
VERSIONS = ("accounts_rolegrant", "accounts_housebuffer")

AWAIT_SEAL = """
CREATE FUNCTION riskdesk_await_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO accounts_auditunsealed (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;

INSERT INTO accounts_auditunsealed (event_id)
    SELECT id FROM accounts_auditevent WHERE id NOT IN (SELECT event_id FROM accounts_auditseal);

CREATE TRIGGER await_seal AFTER INSERT ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION riskdesk_await_seal();
"""
NO_SEAL_AWAITED = """
DROP TRIGGER await_seal ON accounts_auditevent;
DROP FUNCTION riskdesk_await_seal();
"""
NARROW_THE_APPLICATION = """
DO $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'riskdesk') AND current_user <> 'riskdesk' THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON accounts_auditevent, accounts_auditseal, accounts_transfer
            FROM riskdesk;
    END IF;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_auditunsealed")]
    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL("".join(map(append_only, APPEND_ONLY)), undo(*APPEND_ONLY)),
        migrations.RunSQL("".join(map(version, VERSIONS)), undo(*VERSIONS)),
        migrations.RunSQL(AWAIT_SEAL, NO_SEAL_AWAITED),
        migrations.RunSQL(NARROW_THE_APPLICATION, migrations.RunSQL.noop),
    ]
