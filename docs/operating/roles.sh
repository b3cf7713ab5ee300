#!/usr/bin/env bash
# Runs once, in a new PostgreSQL: makes the application's role, which reads and writes rows and changes no tables.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v password="$(cat /run/secrets/app_password)" -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
CREATE ROLE riskdesk LOGIN PASSWORD :'password';
ALTER ROLE riskdesk SET statement_timeout = '30s';
ALTER ROLE riskdesk SET lock_timeout = '2s';
ALTER ROLE riskdesk SET idle_in_transaction_session_timeout = '10s';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO riskdesk;
ALTER DEFAULT PRIVILEGES FOR ROLE riskdesk_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO riskdesk;
ALTER DEFAULT PRIVILEGES FOR ROLE riskdesk_owner IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO riskdesk;
SQL
