"""Refuse any change to the approval stages of a published flow version, whoever asks: runs that pin it go on as they were promised."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION refuse_stage_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[] := ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.flow_version_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.flow_version_id END
    ];
BEGIN
    -- Held first, asked in a statement of its own after the wait: as in routing 0007.
    PERFORM FROM routing_flowversion WHERE id = ANY(touched) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM routing_flowversion WHERE id = ANY(touched) AND published_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a published flow version never changes: copy it and publish the copy' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON delivery_approvalstage
    FOR EACH ROW EXECUTE FUNCTION refuse_stage_of_published();
"""
BACKWARD = (
    "DROP TRIGGER frozen ON delivery_approvalstage; DROP FUNCTION refuse_stage_of_published();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0006_index_words"),
        ("routing", "0007_lock_versions_before_judging"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
