"""Refuse any change to a published flow version or to what belongs to it."""

from django.db import migrations

PARTS = ("routing_trigger", "routing_flowfield", "routing_rule")

# ruff: noqa: S608  # the names are ours
FORWARD = """
CREATE FUNCTION refuse_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published flow version never changes: copy it and publish the copy' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON routing_flowversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION refuse_published();

CREATE FUNCTION refuse_part_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM routing_flowversion v WHERE v.published_at IS NOT NULL
            AND v.id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END)
    ) THEN
        RAISE EXCEPTION 'a published flow version never changes: copy it and publish the copy' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION refuse_condition_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM routing_rule r JOIN routing_flowversion v ON v.id = r.version_id WHERE v.published_at IS NOT NULL
            AND r.id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.rule_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.rule_id END)
    ) THEN
        RAISE EXCEPTION 'a published flow version never changes: copy it and publish the copy' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON routing_condition
    FOR EACH ROW EXECUTE FUNCTION refuse_condition_of_published();
""" + "".join(
    f"CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON {part} FOR EACH ROW EXECUTE FUNCTION refuse_part_of_published();\n"
    for part in PARTS
)

BACKWARD = (
    "".join(
        f"DROP TRIGGER frozen ON {table};\n"
        for table in (*PARTS, "routing_condition", "routing_flowversion")
    )
    + "DROP FUNCTION refuse_published(); DROP FUNCTION refuse_part_of_published(); DROP FUNCTION refuse_condition_of_published();"
)


class Migration(migrations.Migration):
    dependencies = [("routing", "0003_add_flows_and_runs")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
