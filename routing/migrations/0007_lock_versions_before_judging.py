"""
Let whoever changes a part of a flow version wait for whoever publishes it, and the other way round.

0004 asked whether the version was published without holding it: a condition of a transaction that was still open while the
version was published came into the published version with its commit. Now the version is held first, and asked after the
wait; a rule is held too, so that it cannot move to another version meanwhile.
"""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION refuse_part_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[] := ARRAY[CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END];
BEGIN
    PERFORM FROM routing_flowversion WHERE id = ANY(touched) ORDER BY id FOR SHARE;
    -- A statement of its own, so that it sees what was committed during the wait.
    IF EXISTS (SELECT FROM routing_flowversion WHERE id = ANY(touched) AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a published flow version never changes: copy it and publish the copy' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE OR REPLACE FUNCTION refuse_condition_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[] := ARRAY[CASE WHEN TG_OP <> 'INSERT' THEN OLD.rule_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.rule_id END];
    versions bigint[];
BEGIN
    PERFORM FROM routing_rule WHERE id = ANY(touched) ORDER BY id FOR SHARE;
    versions := ARRAY(SELECT version_id FROM routing_rule WHERE id = ANY(touched));
    PERFORM FROM routing_flowversion WHERE id = ANY(versions) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM routing_flowversion WHERE id = ANY(versions) AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a published flow version never changes: copy it and publish the copy' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0006_add_calendars_and_clocks")]
    # Nothing to undo: the functions keep their names, so 0004 drops them, and older code works with them as they are.
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
