"""SQL by which tables keep what was written. For migrations here and in `margin`; the text is frozen once used.

Rows that are never changed, and versions, whose only change is that they end. TRUNCATE is refused by a
trigger of its own, since row triggers do not see it.
"""

FUNCTIONS = """
CREATE FUNCTION riskdesk_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: its rows are never changed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION riskdesk_only_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE ended bigint := NEW.revision_to;
BEGIN
    NEW.revision_to := OLD.revision_to;
    IF OLD.revision_to IS NOT NULL OR ended IS NULL OR NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'UPDATE of % is refused: a version only ends, once', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.revision_to := ended;
    RETURN NEW;
END $$;
"""
DROP_FUNCTIONS = "DROP FUNCTION riskdesk_refuse_change(); DROP FUNCTION riskdesk_only_end();"
TRIGGERS = ("refuse_change", "only_end", "refuse_delete", "refuse_emptying")


def append_only(table: str) -> str:
    return f"""
        CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION riskdesk_refuse_change();
    """ + _refuse_emptying(table)


def version(table: str) -> str:
    return f"""
        CREATE TRIGGER only_end BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION riskdesk_only_end();
        CREATE TRIGGER refuse_delete BEFORE DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION riskdesk_refuse_change();
    """ + _refuse_emptying(table)


def undo(*tables: str) -> str:
    return "".join(f"DROP TRIGGER IF EXISTS {name} ON {table};" for table in tables for name in TRIGGERS)


def _refuse_emptying(table: str) -> str:
    return f"""
        CREATE TRIGGER refuse_emptying BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION riskdesk_refuse_change();
    """
