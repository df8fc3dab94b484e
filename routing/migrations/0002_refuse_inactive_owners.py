"""
Refuse a commit that leaves an inactive person as owner or backup of open work.

Both sides check at the end of their transaction, after taking one advisory lock: assignments share it, deactivations have it
alone. So whichever commits second sees the other.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION check_owners_active() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7203002);
    IF EXISTS (
        SELECT FROM routing_workitem w JOIN routing_user u ON u.id IN (w.owner_id, w.backup_id)
        WHERE w.id = NEW.id AND w.is_open AND NOT u.is_active
    ) THEN
        RAISE EXCEPTION 'open work % would have an inactive owner or backup', NEW.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'open_work_has_active_pair';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER owners_active AFTER INSERT OR UPDATE OF owner_id, backup_id, is_open ON routing_workitem
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.is_open) EXECUTE FUNCTION check_owners_active();

CREATE FUNCTION check_leaver_owns_nothing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7203002);
    IF EXISTS (SELECT FROM routing_user u WHERE u.id = NEW.id AND NOT u.is_active)
        AND EXISTS (SELECT FROM routing_workitem w WHERE w.is_open AND NEW.id IN (w.owner_id, w.backup_id)) THEN
        RAISE EXCEPTION 'person % still owns or backs up open work', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'open_work_has_active_pair';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER leaver_owns_nothing AFTER UPDATE OF is_active ON routing_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NOT NEW.is_active) EXECUTE FUNCTION check_leaver_owns_nothing();
"""

BACKWARD = """
DROP TRIGGER leaver_owns_nothing ON routing_user;
DROP FUNCTION check_leaver_owns_nothing();
DROP TRIGGER owners_active ON routing_workitem;
DROP FUNCTION check_owners_active();
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
