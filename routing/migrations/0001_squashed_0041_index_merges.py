"""
Everything up to 0041_index_merges.

A new database is made in one step; one in use goes on with the migrations that this replaces.
tests/upgrade/test_schema.py compares what both lead to, object by object.
"""

import datetime
import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import django.utils.timezone
import routing.people.staff
import routing.sla.calendars
import routing.work.folding
import simple_history.models
import uuid
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension, UnaccentExtension
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from typing import Any
from django.db import migrations, models

# The extension may be in any schema, and an index must not depend on the search path.
WHERE = """
    SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'unaccent'"""
# unaccent() is only STABLE, because its dictionary could be changed. Ours never is.
UNACCENT = """
    CREATE FUNCTION public.routing_unaccent(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$SELECT {schema}.unaccent('{schema}.unaccent'::regdictionary, normalize($1, NFC))$$"""
# Text in ASCII has no accents. PostgreSQL puts this expression in place of the call, so that for
# such text nothing but upper() is called. A STRICT function would not be put in place.
FOLD = """
    CREATE FUNCTION public.routing_fold(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
    $$SELECT CASE WHEN octet_length($1) = char_length($1) THEN upper($1)
        ELSE upper(public.routing_unaccent($1)) END$$"""


def add_functions(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute(WHERE)
        [schema] = cursor.fetchone()
        cursor.execute(UNACCENT.format(schema=schema))
        cursor.execute(FOLD)


def drop_functions(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    with editor.connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION public.routing_fold(text)")
        cursor.execute("DROP FUNCTION public.routing_unaccent(text)")


# Refuse a commit that leaves an inactive person as owner or backup of open work. Both sides check at
# the end of their transaction, after taking one advisory lock: assignments share it, deactivations
# have it alone. So whichever commits second sees the other.
OWNERS_ARE_ACTIVE = """
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

# A published version never changes. Whoever changes a part of a version waits for whoever publishes
# it, and the other way round: the version is held first, and asked in a statement of its own.
PUBLISHED_IS_FROZEN = """
CREATE FUNCTION refuse_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published flow version never changes: copy it and publish the copy' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON routing_flowversion
    FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION refuse_published();

CREATE FUNCTION refuse_part_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION refuse_condition_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON routing_condition
    FOR EACH ROW EXECUTE FUNCTION refuse_condition_of_published();
"""
PARTS_OF_VERSIONS = (
    "routing_trigger",
    "routing_flowfield",
    "routing_rule",
)
PARTS_ARE_FROZEN = "".join(
    f"CREATE TRIGGER frozen BEFORE INSERT OR UPDATE OR DELETE ON {part} "
    "FOR EACH ROW EXECUTE FUNCTION refuse_part_of_published();\n"
    for part in PARTS_OF_VERSIONS
)

# The second layer beside the rights of the role. Erasure may empty what could lead to a person, and
# what is old may go; nobody removes what has just happened.
SECURITY_EVENTS_ARE_KEPT = """
CREATE FUNCTION refuse_other_security_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.address IS NULL AND NEW.typed = ''
            AND (NEW.id, NEW.kind, NEW.at, NEW.user_id, NEW.by_id, NEW.detail)
                IS NOT DISTINCT FROM (OLD.id, OLD.kind, OLD.at, OLD.user_id, OLD.by_id, OLD.detail)
        THEN
            RETURN NEW;
        END IF;
    ELSIF OLD.at < now() - interval '90 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'security events are kept: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON routing_securityevent
    FOR EACH ROW EXECUTE FUNCTION refuse_other_security_event();
"""

# A new state is no value of an index, so where it stays on its page PostgreSQL writes to no index.
ROOM_FOR_VERSIONS = "ALTER TABLE routing_workitem SET (fillfactor = 60)"


class Migration(migrations.Migration):
    replaces = [
        ("routing", "0001_initial"),
        ("routing", "0002_refuse_inactive_owners"),
        ("routing", "0003_add_flows_and_runs"),
        ("routing", "0004_freeze_published_versions"),
        ("routing", "0005_add_client_domains"),
        ("routing", "0006_add_calendars_and_clocks"),
        ("routing", "0007_lock_versions_before_judging"),
        ("routing", "0008_default_skills_in_the_database"),
        ("routing", "0009_add_seal_sweeps"),
        ("routing", "0010_add_files_and_notes"),
        ("routing", "0011_add_destinations"),
        ("routing", "0012_add_ladders"),
        ("routing", "0013_add_visits"),
        ("routing", "0014_index_lists_and_search"),
        ("routing", "0015_add_delivery_reasons"),
        ("routing", "0016_add_outcomes"),
        ("routing", "0017_add_long_text_fields"),
        ("routing", "0018_add_words_for_clients"),
        ("routing", "0019_add_sendings"),
        ("routing", "0020_add_unseen_since"),
        ("routing", "0021_leave_room_for_versions"),
        ("routing", "0022_use_standard_terms"),
        ("routing", "0023_choose_regions_of_holidays"),
        ("routing", "0024_settle_notifications"),
        ("routing", "0025_add_contact_language"),
        ("routing", "0026_let_rows_trade_places"),
        ("routing", "0027_add_reason_to_enrichment"),
        ("routing", "0028_fold_search"),
        ("routing", "0029_add_missing_approvers"),
        ("routing", "0030_index_decisions_by_person"),
        ("routing", "0031_add_client_merges"),
        ("routing", "0032_index_what_waits_for_clients"),
        ("routing", "0033_add_proof_version"),
        ("routing", "0034_name_workers_of_reads"),
        ("routing", "0035_add_image_previews"),
        ("routing", "0036_write_addresses_in_one_form"),
        ("routing", "0037_complete_erasures"),
        ("routing", "0038_add_file_keys"),
        ("routing", "0039_add_security_events"),
        ("routing", "0040_name_reasons_of_exceptions"),
        ("routing", "0041_index_merges"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        TrigramExtension(),
        UnaccentExtension(),  # trusted, so the owner of the database may make it
        migrations.RunPython(add_functions, drop_functions),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail")),
                ("full_name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("person", "Person"), ("service", "Service")],
                        default="person",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False, help_text="Can sign in to the desk.", verbose_name="staff"
                    ),
                ),
                ("session_epoch", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="joined"
                    ),
                ),
                (
                    "skills",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Lower-case codes, separated by commas.",
                        size=None,
                        verbose_name="skills",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "ordering": ("full_name",),
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        name="user_email_lower_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "person"),
                            models.Q(("is_staff", False), ("is_superuser", False)),
                            _connector="OR",
                        ),
                        name="service_users_never_sign_in",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Calendar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "hours",
                    models.JSONField(
                        default=routing.sla.calendars.working_week,
                        help_text="Opening hours by day: {“mon”: [“09:00-12:30”, “13:30-17:30”]}. Missing days are closed. 24:00 ends a day.",
                        validators=[routing.sla.calendars.validate_week],
                        verbose_name="weekly hours",
                    ),
                ),
                (
                    "holiday_country",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Country code, such as DE. Leave empty for none.",
                        max_length=2,
                        verbose_name="public holidays of",
                    ),
                ),
                (
                    "holiday_subdivision",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Such as ENG or BY, where holidays differ by region.",
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                (
                    "extra_dates",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Dates with the hours that stay open, if any, and names: {“2026-12-24”: “09:00-13:00 Christmas Eve”}.",
                        validators=[routing.sla.calendars.validate_dates],
                        verbose_name="other days off",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
                ),
                (
                    "holiday_national_only",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Leave out the days that only some regions have.",
                        verbose_name="national days only",
                    ),
                ),
            ],
            options={
                "verbose_name": "calendar",
                "verbose_name_plural": "calendars",
                "ordering": ("name",),
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.CreateModel(
            name="ClockTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("document", models.JSONField(verbose_name="terms")),
            ],
            options={
                "verbose_name": "clock terms",
                "verbose_name_plural": "clock terms",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="SLAPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "calendar_source",
                    models.CharField(
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="team",
                        max_length=6,
                        verbose_name="counts in",
                    ),
                ),
                (
                    "also_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="",
                        help_text="Leave empty to use the first calendar only.",
                        max_length=6,
                        verbose_name="and only within",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
                ),
            ],
            options={
                "verbose_name": "SLA policy",
                "verbose_name_plural": "SLA policies",
                "ordering": ("name",),
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.CreateModel(
            name="Team",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leads",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lead",
                    ),
                ),
            ],
            options={
                "verbose_name": "team",
                "verbose_name_plural": "teams",
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="Client",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        help_text="Prefix of references for this client's work, such as ACM-142.",
                        max_length=6,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z][A-Z0-9]{1,5}\\Z",
                                "Two to six capital letters or digits, starting with a letter.",
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=120, unique=True, verbose_name="name")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "restricted",
                    models.BooleanField(
                        default=False,
                        help_text="Only account managers in the client's team can see its work.",
                        verbose_name="restricted",
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clients",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "client",
                "verbose_name_plural": "clients",
                "ordering": ("name",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("owner", models.F("backup")), _negated=True),
                        name="client_owner_is_not_backup",
                        violation_error_message="Owner and backup must be two different people.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Flow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "purpose",
                    models.TextField(
                        help_text="The decision this flow makes for the business.",
                        verbose_name="purpose",
                    ),
                ),
                (
                    "outcome",
                    models.TextField(
                        help_text="The proof that the work was done.", verbose_name="outcome"
                    ),
                ),
                (
                    "runbook",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Steps to take when the flow stops, and to roll it back.",
                        verbose_name="runbook",
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy backup",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "flow",
                "verbose_name_plural": "flows",
                "ordering": ("name",),
                "permissions": (("publish_flow", "Can publish and roll back flow versions"),),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("owner", models.F("backup")), _negated=True),
                        name="flow_owner_is_not_backup",
                        violation_error_message="Policy owner and backup must be two different people.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FlowVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "action",
                    models.CharField(
                        help_text="The operation to start once the owner is known.",
                        max_length=60,
                        verbose_name="action",
                    ),
                ),
                (
                    "template",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Fields in braces are replaced, such as {deal.name}.",
                        verbose_name="brief template",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        default="{deal.name}",
                        help_text="Can contain fields in braces.",
                        max_length=200,
                        verbose_name="work title",
                    ),
                ),
                (
                    "policy",
                    models.CharField(default="standard", max_length=50, verbose_name="SLA policy"),
                ),
                (
                    "published_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="published"),
                ),
                (
                    "copied_from",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="copy of",
                    ),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="published by",
                    ),
                ),
            ],
            options={
                "verbose_name": "flow version",
                "verbose_name_plural": "flow versions",
                "ordering": ("flow", "-number"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(fields=("flow", "number"), name="flow_version_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("enriching", "Enriching"),
                            ("waiting", "Waiting for a person"),
                            ("routed", "Routed"),
                            ("in_delivery", "In delivery"),
                            ("awaiting_outcome", "Awaiting outcome"),
                            ("complete", "Completed"),
                            ("closed_unproven", "Closed unproven"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="received",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("source", models.CharField(max_length=60, verbose_name="source")),
                ("subject_type", models.CharField(max_length=60, verbose_name="subject")),
                ("subject_id", models.CharField(max_length=100, verbose_name="subject id")),
                (
                    "flow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followed_by",
                        to="routing.run",
                        verbose_name="follows",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "run",
                "verbose_name_plural": "runs",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="WorkItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ref", models.CharField(max_length=24, unique=True, verbose_name="reference")),
                ("kind", models.CharField(max_length=32, verbose_name="kind")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("state", models.CharField(max_length=32, verbose_name="state")),
                ("is_open", models.BooleanField(default=True, verbose_name="open")),
                ("held_at", models.DateTimeField(null=True, verbose_name="on hold since")),
                (
                    "hold_reason",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="hold reason"
                    ),
                ),
                (
                    "waiting_on",
                    models.CharField(
                        choices=[
                            ("agency", "Agency"),
                            ("client", "Client"),
                            ("vendor", "Vendor"),
                            ("incident", "Incident"),
                        ],
                        default="agency",
                        max_length=10,
                        verbose_name="waiting on",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Urgent"), (2, "High"), (3, "Normal"), (4, "Low")],
                        default=3,
                        verbose_name="priority",
                    ),
                ),
                ("next_due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("created_at", models.DateTimeField(editable=False, verbose_name="created")),
                ("changed_at", models.DateTimeField(editable=False, verbose_name="changed")),
                ("is_timed", models.BooleanField(db_default=False, default=False, editable=False)),
                (
                    "backup",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="backed_up",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="work",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "doer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="doing",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="assignee",
                    ),
                ),
                (
                    "held_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="held together with",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="owned",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="routing.workitem",
                        verbose_name="part of",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="work",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="work",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "work item",
                "verbose_name_plural": "work items",
                "ordering": ("next_due_at", "id"),
                "permissions": (
                    ("see_all_work", "Can see the work of every client"),
                    (
                        "see_unrestricted_work",
                        "Can see the work of every client that is not restricted",
                    ),
                    ("see_team_work", "Can see work assigned to oneself or one's teams"),
                ),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_open", True)),
                        fields=["owner", "next_due_at", "id"],
                        name="workitem_queue_idx",
                    ),
                    models.Index(
                        condition=models.Q(("is_open", True)),
                        fields=["next_due_at"],
                        include=("id",),
                        name="workitem_due_idx",
                    ),
                    models.Index(
                        django.db.models.functions.comparison.Coalesce(
                            "next_due_at",
                            models.Value(
                                datetime.datetime(9999, 12, 31, 0, 0, tzinfo=datetime.UTC)
                            ),
                            output_field=models.DateTimeField(),
                        ),
                        models.F("id"),
                        name="workitem_soonest_idx",
                    ),
                    models.Index(
                        django.db.models.functions.comparison.Coalesce(
                            "next_due_at",
                            models.Value(
                                datetime.datetime(9999, 12, 31, 0, 0, tzinfo=datetime.UTC)
                            ),
                            output_field=models.DateTimeField(),
                        ),
                        models.F("id"),
                        condition=models.Q(("is_open", True)),
                        name="workitem_open_soonest_idx",
                    ),
                    models.Index(
                        models.F("client"),
                        django.db.models.functions.comparison.Coalesce(
                            "next_due_at",
                            models.Value(
                                datetime.datetime(9999, 12, 31, 0, 0, tzinfo=datetime.UTC)
                            ),
                            output_field=models.DateTimeField(),
                        ),
                        models.F("id"),
                        name="workitem_client_idx",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            routing.work.folding.Fold("ref"), "gin_trgm_ops"
                        ),
                        django.contrib.postgres.indexes.OpClass(
                            routing.work.folding.Fold("title"), "gin_trgm_ops"
                        ),
                        name="workitem_folded_idx",
                    ),
                    models.Index(
                        condition=models.Q(("waiting_on", "client")),
                        fields=["kind"],
                        name="workitem_at_client_idx",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_open", False),
                            models.Q(
                                ("backup__isnull", False),
                                ("owner__isnull", False),
                                models.Q(("owner", models.F("backup")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="open_work_has_owner_and_backup",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("held_at__isnull", True), ("held_by__isnull", True)),
                            models.Q(("held_at__isnull", False), ("held_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="hold_names_its_item",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Clock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("purpose", models.CharField(max_length=32, verbose_name="purpose")),
                ("policy_version", models.PositiveIntegerField(verbose_name="policy version")),
                ("target", models.DurationField(verbose_name="target (working time)")),
                ("warn_after", models.DurationField(verbose_name="warns after (working time)")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("running_since", models.DateTimeField(null=True, verbose_name="running since")),
                ("paused_at", models.DateTimeField(null=True, verbose_name="paused")),
                ("stopped_at", models.DateTimeField(null=True, verbose_name="stopped")),
                (
                    "waiting_on",
                    models.CharField(
                        choices=[
                            ("agency", "Agency"),
                            ("client", "Client"),
                            ("vendor", "Vendor"),
                            ("incident", "Incident"),
                        ],
                        default="agency",
                        max_length=10,
                        verbose_name="waiting on",
                    ),
                ),
                ("cause", models.CharField(default="work", max_length=10, verbose_name="cause")),
                (
                    "spent",
                    models.DurationField(
                        default=datetime.timedelta, verbose_name="used (working time)"
                    ),
                ),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
                ("warn_at", models.DateTimeField(null=True, verbose_name="warns")),
                ("warned_at", models.DateTimeField(null=True, verbose_name="warned")),
                ("breached_at", models.DateTimeField(null=True, verbose_name="breached")),
                ("met_at", models.DateTimeField(null=True, verbose_name="met")),
                ("wakes_at", models.DateTimeField(editable=False, null=True)),
                (
                    "escalate_every",
                    models.DurationField(
                        db_default=datetime.timedelta(seconds=14400),
                        default=datetime.timedelta(seconds=14400),
                        verbose_name="escalates every (working time)",
                    ),
                ),
                (
                    "next_level",
                    models.PositiveIntegerField(db_default=0, default=0, editable=False),
                ),
                (
                    "trouble",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=200,
                        verbose_name="notification error",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="routing.clockterms",
                        verbose_name="terms",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="routing.slapolicy",
                        verbose_name="policy",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "clock",
                "verbose_name_plural": "clocks",
                "ordering": ("item", "id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["item", "id"], name="clock_item_idx"),
                    models.Index(
                        condition=models.Q(("wakes_at__isnull", False)),
                        fields=["wakes_at"],
                        include=("id",),
                        name="clock_wakes_idx",
                    ),
                    models.Index(
                        condition=models.Q(("trouble", ""), _negated=True),
                        fields=["id"],
                        name="clock_trouble_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("stopped_at", None)),
                        fields=("item", "purpose"),
                        name="one_open_clock_a_purpose",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("due_at__isnull", False),
                                ("paused_at", None),
                                ("running_since__isnull", False),
                                ("stopped_at", None),
                            ),
                            models.Q(
                                ("due_at", None),
                                ("paused_at__isnull", False),
                                ("running_since", None),
                                ("stopped_at", None),
                            ),
                            models.Q(
                                ("paused_at", None),
                                ("running_since", None),
                                ("stopped_at__isnull", False),
                                ("wakes_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="clock_runs_pauses_or_stopped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("met_at", None), ("breached_at", None), _connector="OR"
                        ),
                        name="clock_met_or_breached",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasedIdentity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("erased_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "erased identity",
                "verbose_name_plural": "erased identities",
            },
        ),
        migrations.CreateModel(
            name="ExceptionRoute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information missing"),
                            ("missing_context", "Client unclear"),
                            ("duplicate", "Several clients match"),
                            ("failed_connector", "Credentials refused"),
                            ("conflicting_duplicate", "Conflicting duplicate event"),
                            ("no_rule", "No routing rule matches"),
                            ("nobody_available", "Nobody available"),
                            ("failed_step", "Step keeps failing"),
                            ("rounds_exceeded", "Change rounds exceeded"),
                            ("rejected", "Deliverable rejected"),
                            ("outcome_missing", "Published page not visible"),
                            ("outcome_decayed", "Proof no longer holds"),
                            ("no_answer", "No answer in time"),
                            ("approvers_missing", "Too few approvers left"),
                            ("connection_failing", "Connection keeps failing"),
                            ("failed_delivery", "Delivery to external system failed"),
                            ("unreadable", "Received data cannot be read"),
                            ("form_changed", "Form sends other fields"),
                            ("remote_conflict", "Changed or removed in external system"),
                            ("security_alarm", "Security alarm"),
                        ],
                        max_length=40,
                        unique=True,
                        verbose_name="reason",
                    ),
                ),
                (
                    "taker",
                    models.CharField(
                        choices=[
                            ("work", "Owner of the work"),
                            ("policy", "Policy owner of the flow"),
                            ("agency", "Default owner and backup of the agency"),
                        ],
                        default="work",
                        max_length=10,
                        verbose_name="assigned to",
                    ),
                ),
                (
                    "timebox_minutes",
                    models.PositiveIntegerField(
                        default=240, verbose_name="timebox (working minutes)"
                    ),
                ),
            ],
            options={
                "verbose_name": "exception route",
                "verbose_name_plural": "exception routing",
                "ordering": ("reason",),
                "default_permissions": ("add", "change", "view"),
            },
        ),
        migrations.CreateModel(
            name="RefCounter",
            fields=[
                ("prefix", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="SealSweep",
            fields=[
                ("ledger", models.CharField(max_length=63, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="visit",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("seen_at", models.DateTimeField(verbose_name="last seen")),
                ("since_at", models.DateTimeField(null=True, verbose_name="visit before")),
            ],
            options={
                "verbose_name": "visit",
                "verbose_name_plural": "visits",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Absence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="absences",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "absence",
                "verbose_name_plural": "absences",
                "ordering": ("-starts_at",),
                "indexes": [models.Index(fields=["user", "starts_at"], name="absence_user_idx")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))),
                        name="absence_starts_before_it_ends",
                        violation_error_message="The end of an absence must be after its start.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ClientDomain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "domain",
                    models.CharField(
                        max_length=253,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A(?!www\\.)([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z0-9-]{2,63}\\Z",
                                "A domain such as acme.example, in lower case.",
                            )
                        ],
                        verbose_name="domain",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="domains",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "client domain",
                "verbose_name_plural": "client domains",
                "ordering": ("domain",),
            },
        ),
        migrations.CreateModel(
            name="ClientMerge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="taken back")),
                (
                    "alias",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merges",
                        to="routing.client",
                        verbose_name="alias",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "into",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="aliases",
                        to="routing.client",
                        verbose_name="merged into",
                    ),
                ),
            ],
            options={
                "verbose_name": "client merge",
                "verbose_name_plural": "client merges",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("alias",),
                        name="client_merged_once",
                        violation_error_message="This client is merged already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("alias", models.F("into")), _negated=True),
                        name="client_not_merged_into_itself",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClockMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "does",
                    models.CharField(
                        choices=[("run", "run"), ("pause", "pause"), ("stop", "stop")],
                        max_length=5,
                        verbose_name="action",
                    ),
                ),
                (
                    "party",
                    models.CharField(
                        choices=[
                            ("agency", "Agency"),
                            ("client", "Client"),
                            ("vendor", "Vendor"),
                            ("incident", "Incident"),
                        ],
                        max_length=10,
                        verbose_name="time counted for",
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("work", "work"),
                            ("state", "state"),
                            ("hold", "hold"),
                            ("waiting", "waiting"),
                            ("children", "children"),
                            ("met", "met"),
                            ("ended", "ended"),
                        ],
                        max_length=10,
                        verbose_name="cause",
                    ),
                ),
                ("state", models.CharField(max_length=32, verbose_name="state")),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="marks",
                        to="routing.clock",
                        verbose_name="clock",
                    ),
                ),
            ],
            options={
                "verbose_name": "clock change",
                "verbose_name_plural": "clock changes",
                "ordering": ("clock", "id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["clock", "id"], name="clockmark_clock_idx")],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("full_name", models.CharField(max_length=120, verbose_name="name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                (
                    "erased_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="erased"),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("de", "German")],
                        db_default="en",
                        default="en",
                        help_text="E-mails to this contact are in this language.",
                        max_length=8,
                        verbose_name="language",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contact",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="portal access",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
                "ordering": ("full_name",),
                "permissions": (("erase_contact", "Can erase a contact's personal data"),),
            },
        ),
        migrations.CreateModel(
            name="Destination",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as wordpress or static.",
                        max_length=30,
                        verbose_name="kind of system",
                    ),
                ),
                (
                    "connection",
                    models.SlugField(
                        blank=True,
                        default="",
                        help_text="Leave empty to use the only active connection of this kind.",
                        max_length=60,
                        verbose_name="connection",
                    ),
                ),
                (
                    "post_type",
                    models.CharField(
                        default="posts",
                        max_length=30,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z][a-z0-9_-]*\\Z",
                                "Lower-case letters, digits, - and _, such as posts or pages.",
                            )
                        ],
                        verbose_name="post type",
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A([a-z0-9-]+/)*[a-z0-9-]*\\Z",
                                "Folders such as blog/news: lower-case letters, digits and -.",
                            )
                        ],
                        verbose_name="path",
                    ),
                ),
                (
                    "publishes_on_approval",
                    models.BooleanField(
                        default=True,
                        help_text="If off, an account manager starts publishing.",
                        verbose_name="publish on approval",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="destinations",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "destination",
                "verbose_name_plural": "destinations",
                "ordering": ("client", "name"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "name"), name="destination_name_once_a_client"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked for")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("terms", models.TextField(blank=True, default="", editable=False)),
                ("report", models.JSONField(blank=True, default=dict, verbose_name="report")),
                (
                    "done_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="completed"),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked for by",
                    ),
                ),
                (
                    "contact",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasure",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Escalation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level", models.PositiveIntegerField(verbose_name="level")),
                ("due_at", models.DateTimeField(verbose_name="reached")),
                ("caught_up", models.BooleanField(default=False, verbose_name="caught up")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escalations",
                        to="routing.clock",
                        verbose_name="clock",
                    ),
                ),
            ],
            options={
                "verbose_name": "escalation",
                "verbose_name_plural": "escalations",
                "ordering": ("clock", "level"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("clock", "level"), name="escalation_level_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=100, verbose_name="kind")),
                (
                    "source",
                    models.CharField(default="throughline", max_length=60, verbose_name="source"),
                ),
                (
                    "dedupe_key",
                    models.CharField(max_length=200, null=True, verbose_name="dedupe key"),
                ),
                (
                    "digest",
                    models.CharField(blank=True, default="", max_length=64, verbose_name="digest"),
                ),
                ("object_id", models.BigIntegerField(null=True, verbose_name="object")),
                (
                    "from_state",
                    models.CharField(blank=True, default="", max_length=32, verbose_name="from"),
                ),
                (
                    "to_state",
                    models.CharField(blank=True, default="", max_length=32, verbose_name="to"),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "subject_id",
                    models.CharField(
                        blank=True, db_default="", max_length=100, verbose_name="subject id"
                    ),
                ),
                (
                    "subject_type",
                    models.CharField(
                        blank=True, db_default="", max_length=60, verbose_name="subject"
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("subject_id", ""), _negated=True),
                        fields=["source", "subject_type", "subject_id", "id"],
                        name="event_subject_idx",
                    ),
                    models.Index(
                        condition=models.Q(("kind__endswith", ".merge")),
                        fields=["source", "subject_type"],
                        name="event_merge_idx",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("dedupe_key__isnull", False)),
                        fields=("source", "dedupe_key"),
                        name="event_captured_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("parked_reason", models.CharField(blank=True, default="", max_length=200)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispatch",
                        to="routing.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "queued event",
                "verbose_name_plural": "queued events",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("parked_reason", "")),
                        fields=["due_at", "id"],
                        name="dispatch_due_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="File",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                (
                    "size",
                    models.PositiveBigIntegerField(help_text="In bytes.", verbose_name="size"),
                ),
                (
                    "type",
                    models.CharField(
                        help_text="MIME type, detected from the content.",
                        max_length=100,
                        verbose_name="type",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="name")),
                (
                    "width",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="In pixels, for images.",
                        null=True,
                        verbose_name="width",
                    ),
                ),
                (
                    "height",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="In pixels, for images.",
                        null=True,
                        verbose_name="height",
                    ),
                ),
                (
                    "scan",
                    models.CharField(
                        choices=[
                            ("not_scanned", "Not scanned for viruses"),
                            ("clean", "Scanned: no virus found"),
                            ("infected", "Infected"),
                        ],
                        default="not_scanned",
                        max_length=12,
                        verbose_name="scan",
                    ),
                ),
                (
                    "storage_key",
                    models.CharField(blank=True, db_index=True, editable=False, max_length=80),
                ),
                ("uploaded_at", models.DateTimeField(verbose_name="uploaded")),
                (
                    "erased_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="erased"),
                ),
                (
                    "key",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=uuid.uuid4,
                        editable=False,
                        unique=True,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        help_text="The client the file belongs to.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "uploader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "file",
                "verbose_name_plural": "files",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                        name="file_sha256_is_hex",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("storage_key", ""), _negated=True),
                            ("erased_at__isnull", False),
                            _connector="OR",
                        ),
                        name="file_has_bytes_or_is_erased",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FlowField",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z]+(\\.[a-z][a-z_]*)+\\Z",
                                "Lower case with a dot, such as deal.amount.",
                            )
                        ],
                        verbose_name="name",
                    ),
                ),
                ("label", models.CharField(max_length=120, verbose_name="label")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("long_text", "long_text"),
                            ("number", "number"),
                            ("date", "date"),
                            ("boolean", "boolean"),
                            ("email", "email"),
                            ("choice", "choice"),
                        ],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                ("required", models.BooleanField(default=False, verbose_name="required")),
                (
                    "personal",
                    models.BooleanField(
                        default=False,
                        help_text="Identifies a person. Rules cannot use it.",
                        verbose_name="personal",
                    ),
                ),
                ("choices", models.JSONField(blank=True, default=list, verbose_name="choices")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fields",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "field",
                "verbose_name_plural": "fields",
                "ordering": ("position", "id"),
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("version", "name"),
                        name="flow_field_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalAbsence",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("starts_at", models.DateTimeField(verbose_name="from")),
                ("ends_at", models.DateTimeField(verbose_name="until")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical absence",
                "verbose_name_plural": "historical absences",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_absence_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCalendar",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, verbose_name="slug")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "hours",
                    models.JSONField(
                        default=routing.sla.calendars.working_week,
                        help_text="Opening hours by day: {“mon”: [“09:00-12:30”, “13:30-17:30”]}. Missing days are closed. 24:00 ends a day.",
                        validators=[routing.sla.calendars.validate_week],
                        verbose_name="weekly hours",
                    ),
                ),
                (
                    "holiday_country",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Country code, such as DE. Leave empty for none.",
                        max_length=2,
                        verbose_name="public holidays of",
                    ),
                ),
                (
                    "holiday_subdivision",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Such as ENG or BY, where holidays differ by region.",
                        max_length=10,
                        verbose_name="region",
                    ),
                ),
                (
                    "extra_dates",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Dates with the hours that stay open, if any, and names: {“2026-12-24”: “09:00-13:00 Christmas Eve”}.",
                        validators=[routing.sla.calendars.validate_dates],
                        verbose_name="other days off",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "holiday_national_only",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Leave out the days that only some regions have.",
                        verbose_name="national days only",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical calendar",
                "verbose_name_plural": "historical calendars",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_calendar_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalClientDomain",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "domain",
                    models.CharField(
                        max_length=253,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A(?!www\\.)([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z0-9-]{2,63}\\Z",
                                "A domain such as acme.example, in lower case.",
                            )
                        ],
                        verbose_name="domain",
                    ),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical client domain",
                "verbose_name_plural": "historical client domains",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_clientdomain_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalClientMerge",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("reason", models.CharField(max_length=500, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="taken back")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "alias",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="alias",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "into",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="merged into",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical client merge",
                "verbose_name_plural": "historical client merges",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_clientmerge_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalDestination",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as wordpress or static.",
                        max_length=30,
                        verbose_name="kind of system",
                    ),
                ),
                (
                    "connection",
                    models.SlugField(
                        blank=True,
                        db_index=False,
                        default="",
                        help_text="Leave empty to use the only active connection of this kind.",
                        max_length=60,
                        verbose_name="connection",
                    ),
                ),
                (
                    "post_type",
                    models.CharField(
                        default="posts",
                        max_length=30,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z][a-z0-9_-]*\\Z",
                                "Lower-case letters, digits, - and _, such as posts or pages.",
                            )
                        ],
                        verbose_name="post type",
                    ),
                ),
                (
                    "path",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A([a-z0-9-]+/)*[a-z0-9-]*\\Z",
                                "Folders such as blog/news: lower-case letters, digits and -.",
                            )
                        ],
                        verbose_name="path",
                    ),
                ),
                (
                    "publishes_on_approval",
                    models.BooleanField(
                        default=True,
                        help_text="If off, an account manager starts publishing.",
                        verbose_name="publish on approval",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical destination",
                "verbose_name_plural": "historical destinations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_destination_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalExceptionRoute",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information missing"),
                            ("missing_context", "Client unclear"),
                            ("duplicate", "Several clients match"),
                            ("failed_connector", "Credentials refused"),
                            ("conflicting_duplicate", "Conflicting duplicate event"),
                            ("no_rule", "No routing rule matches"),
                            ("nobody_available", "Nobody available"),
                            ("failed_step", "Step keeps failing"),
                            ("rounds_exceeded", "Change rounds exceeded"),
                            ("rejected", "Deliverable rejected"),
                            ("outcome_missing", "Published page not visible"),
                            ("outcome_decayed", "Proof no longer holds"),
                            ("no_answer", "No answer in time"),
                            ("approvers_missing", "Too few approvers left"),
                            ("connection_failing", "Connection keeps failing"),
                            ("failed_delivery", "Delivery to external system failed"),
                            ("unreadable", "Received data cannot be read"),
                            ("form_changed", "Form sends other fields"),
                            ("remote_conflict", "Changed or removed in external system"),
                            ("security_alarm", "Security alarm"),
                        ],
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                (
                    "taker",
                    models.CharField(
                        choices=[
                            ("work", "Owner of the work"),
                            ("policy", "Policy owner of the flow"),
                            ("agency", "Default owner and backup of the agency"),
                        ],
                        default="work",
                        max_length=10,
                        verbose_name="assigned to",
                    ),
                ),
                (
                    "timebox_minutes",
                    models.PositiveIntegerField(
                        default=240, verbose_name="timebox (working minutes)"
                    ),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical exception route",
                "verbose_name_plural": "historical exception routing",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_exceptionroute_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalFlow",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, verbose_name="slug")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "purpose",
                    models.TextField(
                        help_text="The decision this flow makes for the business.",
                        verbose_name="purpose",
                    ),
                ),
                (
                    "outcome",
                    models.TextField(
                        help_text="The proof that the work was done.", verbose_name="outcome"
                    ),
                ),
                (
                    "runbook",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Steps to take when the flow stops, and to roll it back.",
                        verbose_name="runbook",
                    ),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy backup",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="policy owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical flow",
                "verbose_name_plural": "historical flows",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_flow_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalFlowVersion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "action",
                    models.CharField(
                        help_text="The operation to start once the owner is known.",
                        max_length=60,
                        verbose_name="action",
                    ),
                ),
                (
                    "template",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Fields in braces are replaced, such as {deal.name}.",
                        verbose_name="brief template",
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        default="{deal.name}",
                        help_text="Can contain fields in braces.",
                        max_length=200,
                        verbose_name="work title",
                    ),
                ),
                (
                    "policy",
                    models.CharField(default="standard", max_length=50, verbose_name="SLA policy"),
                ),
                (
                    "published_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="published"),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "copied_from",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="copy of",
                    ),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="published by",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical flow version",
                "verbose_name_plural": "historical flow versions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_flowversion_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalMembership",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "Viewer"),
                            ("requester", "Requester"),
                            ("approver", "Approver"),
                        ],
                        default="viewer",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical membership",
                "verbose_name_plural": "historical memberships",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_membership_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalSLAPolicy",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("slug", models.SlugField(db_index=False, verbose_name="slug")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "calendar_source",
                    models.CharField(
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="team",
                        max_length=6,
                        verbose_name="counts in",
                    ),
                ),
                (
                    "also_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("team", "The team's hours"),
                            ("client", "The client's hours"),
                            ("agency", "The agency's hours"),
                            ("always", "Around the clock"),
                        ],
                        default="",
                        help_text="Leave empty to use the first calendar only.",
                        max_length=6,
                        verbose_name="and only within",
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version"),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical SLA policy",
                "verbose_name_plural": "historical SLA policies",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_slapolicy_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalTeam",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="lead",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical team",
                "verbose_name_plural": "historical teams",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_team_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalUser",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("person", "Person"), ("service", "Service")],
                        default="person",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False, help_text="Can sign in to the desk.", verbose_name="staff"
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="joined"
                    ),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "skills",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        db_default=[],
                        default=list,
                        help_text="Lower-case codes, separated by commas.",
                        size=None,
                        verbose_name="skills",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical user",
                "verbose_name_plural": "historical users",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_user_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="ImagePreview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, unique=True, verbose_name="SHA-256")),
                ("picture", models.BinaryField(null=True, verbose_name="picture")),
                (
                    "fault",
                    models.CharField(blank=True, default="", max_length=30, verbose_name="fault"),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(null=True, verbose_name="due")),
            ],
            options={
                "verbose_name": "image preview",
                "verbose_name_plural": "image previews",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)),
                        fields=["due_at"],
                        name="image_preview_due_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("viewer", "Viewer"),
                            ("requester", "Requester"),
                            ("approver", "Approver"),
                        ],
                        default="viewer",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "membership",
                "verbose_name_plural": "memberships",
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("contact", "client"),
                        name="contact_once_a_client",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("internal", "Internal: only the agency"),
                            ("client", "Shared: visible to the client"),
                        ],
                        default="internal",
                        max_length=8,
                        verbose_name="visible to",
                    ),
                ),
                (
                    "body",
                    models.TextField(
                        blank=True,
                        max_length=10000,
                        validators=[django.core.validators.MaxLengthValidator(10000)],
                        verbose_name="note",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="written")),
                (
                    "erased_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="erased"),
                ),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "verbose_name": "note",
                "verbose_name_plural": "notes",
                "ordering": ("-id",),
                "default_permissions": ("add", "view"),
            },
        ),
        migrations.CreateModel(
            name="NoteFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="note_files",
                        to="routing.file",
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="note_files",
                        to="routing.note",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a note",
                "verbose_name_plural": "files of notes",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("note", "file"), name="file_once_a_note")
                ],
            },
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.JSONField()),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payload",
                        to="routing.event",
                    ),
                ),
            ],
            options={
                "verbose_name": "payload",
                "verbose_name_plural": "payloads",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Redaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ledger", models.CharField(max_length=63, verbose_name="ledger")),
                ("row_id", models.BigIntegerField(verbose_name="row")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("columns", models.JSONField(db_default=[], default=list, verbose_name="columns")),
                ("digest", models.CharField(blank=True, db_default="", default="", max_length=64)),
                (
                    "facts_digest",
                    models.CharField(blank=True, db_default="", default="", max_length=64),
                ),
            ],
            options={
                "verbose_name": "redaction",
                "verbose_name_plural": "redactions",
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["ledger", "row_id"], name="redaction_row_idx")],
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "skills",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="required skills",
                    ),
                ),
                (
                    "account_first",
                    models.BooleanField(
                        default=False,
                        help_text="Prefer the client's owner, if available, over people with less work.",
                        verbose_name="prefer account owner",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Urgent"), (2, "High"), (3, "Normal"), (4, "Low")],
                        default=3,
                        verbose_name="priority",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "rule",
                "verbose_name_plural": "rules",
                "ordering": ("position",),
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("version", "position"),
                        name="rule_position_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Condition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.PositiveSmallIntegerField(default=1, verbose_name="group")),
                ("field", models.CharField(max_length=60, verbose_name="field")),
                (
                    "operator",
                    models.CharField(
                        choices=[
                            ("equals", "equals"),
                            ("not_equals", "not_equals"),
                            ("at_least", "at_least"),
                            ("below", "below"),
                            ("one_of", "one_of"),
                            ("contains", "contains"),
                            ("known", "known"),
                            ("unknown", "unknown"),
                        ],
                        max_length=12,
                        verbose_name="operator",
                    ),
                ),
                (
                    "value",
                    models.JSONField(blank=True, default=None, null=True, verbose_name="value"),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conditions",
                        to="routing.rule",
                        verbose_name="rule",
                    ),
                ),
            ],
            options={
                "verbose_name": "condition",
                "verbose_name_plural": "conditions",
                "ordering": ("group", "id"),
            },
        ),
        migrations.CreateModel(
            name="Enrichment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("facts", models.JSONField(verbose_name="facts")),
                ("sources", models.JSONField(default=dict, verbose_name="sources")),
                ("client_id", models.BigIntegerField(null=True)),
                ("contact_ids", models.JSONField(default=list)),
                ("engagement_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField(verbose_name="at")),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "reason",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=500, verbose_name="reason"
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrichments",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "enrichment",
                "verbose_name_plural": "enrichments",
                "ordering": ("run", "id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule_name", models.CharField(max_length=120, verbose_name="rule")),
                ("asked", models.TextField(verbose_name="decision input")),
                ("answer", models.TextField(verbose_name="answer")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "backup",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="flow version",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "ordering": ("run", "id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["owner", "at"], name="decision_owner_idx"),
                    models.Index(fields=["backup", "at"], name="decision_backup_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RunEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("started", "Started the run"),
                            ("joined", "Joined the run"),
                            ("unclaimed", "No matching flow"),
                            ("echo", "Echo of our own change"),
                        ],
                        max_length=10,
                        verbose_name="outcome",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="routing.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run_events",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "event result",
                "verbose_name_plural": "event results",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(fields=("event", "run"), name="event_part_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("run", None)),
                        fields=("event",),
                        name="event_unclaimed_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RunStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        choices=[
                            ("capture", "Capture"),
                            ("enrich", "Enrich"),
                            ("validate", "Validate"),
                            ("decide", "Decide"),
                            ("act", "Act"),
                            ("refresh", "Refresh facts"),
                        ],
                        max_length=10,
                        verbose_name="step",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "Due"),
                            ("done", "Done"),
                            ("stopped", "Stopped by an exception"),
                        ],
                        default="due",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("lease", models.PositiveIntegerField(default=0)),
                (
                    "last_error",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="last error"
                    ),
                ),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("worker", models.UUIDField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
            ],
            options={
                "verbose_name": "step",
                "verbose_name_plural": "steps",
                "ordering": ("run", "id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "due")),
                        fields=["name", "due_at", "id"],
                        name="runstep_due_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "name"), name="run_step_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ledger", models.CharField(max_length=63, verbose_name="ledger")),
                ("previous", models.CharField(blank=True, max_length=64)),
                ("head", models.CharField(max_length=64, unique=True, verbose_name="head")),
                ("columns", models.JSONField()),
                ("free_text", models.JSONField()),
                ("row_count", models.PositiveIntegerField(verbose_name="rows")),
                ("floor", models.BigIntegerField()),
                ("oldest", models.BigIntegerField()),
                ("horizon", models.BigIntegerField()),
                ("sealed_at", models.DateTimeField(verbose_name="sealed")),
                (
                    "text_key",
                    models.CharField(blank=True, db_default="", default="", max_length=16),
                ),
            ],
            options={
                "verbose_name": "audit seal",
                "verbose_name_plural": "audit seals",
                "ordering": ("id",),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["ledger", "id"], name="seal_ledger_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("previous",), name="seal_chain_never_forks")
                ],
            },
        ),
        migrations.CreateModel(
            name="SealedRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("ledger", models.CharField(max_length=63)),
                ("row_id", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("text_digest", models.CharField(blank=True, max_length=64)),
                (
                    "seal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rows",
                        to="routing.seal",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["seal", "row_id"], name="sealedrow_seal_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("ledger", "row_id"), name="row_sealed_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SecurityEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("signed_in", "Signed in"),
                            ("signed_out", "Signed out"),
                            ("sign_in_failed", "Sign-in failed"),
                            ("locked_out", "Locked out after too many attempts"),
                            ("code_sent", "Sign-in code requested"),
                            ("code_refused", "Wrong sign-in code"),
                            ("factor_added", "Second factor added"),
                            ("factor_removed", "Second factor removed"),
                            ("factor_reset", "Recovery codes replaced"),
                            ("factor_refused", "Wrong second factor"),
                            ("reset_sent", "Password link requested"),
                            ("password_changed", "Password changed"),
                            ("password_reset", "Password set by a link"),
                            ("roles_changed", "Roles changed"),
                            ("deactivated", "Account deactivated"),
                            ("reactivated", "Account reactivated"),
                            ("invited", "Portal access given"),
                            ("withdrawn", "Portal access withdrawn"),
                            ("token_changed", "Token or secret of a connection changed"),
                            ("token_refused", "Wrong token or signature"),
                            ("alarm", "Alarm"),
                        ],
                        max_length=20,
                        verbose_name="event",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("address", models.GenericIPAddressField(null=True, verbose_name="IP address")),
                ("typed", models.CharField(blank=True, default="", editable=False, max_length=64)),
                (
                    "detail",
                    models.CharField(blank=True, default="", max_length=120, verbose_name="detail"),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={
                "verbose_name": "security event",
                "verbose_name_plural": "security events",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["at"], name="securityevent_at_idx"),
                    models.Index(
                        fields=["kind", "address", "at"], name="securityevent_address_idx"
                    ),
                    models.Index(
                        condition=models.Q(("typed", ""), _negated=True),
                        fields=["typed", "at"],
                        name="securityevent_typed_idx",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Sending",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("form", models.CharField(max_length=80, verbose_name="form")),
                ("token", models.CharField(max_length=64, verbose_name="token")),
                (
                    "leads_to",
                    models.CharField(blank=True, max_length=500, verbose_name="target page"),
                ),
                ("sent_at", models.DateTimeField(db_index=True, verbose_name="sent")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "sending",
                "verbose_name_plural": "sendings",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "form", "token"), name="one_sending_a_token"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalTarget",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as request or exceptioncase.",
                        max_length=32,
                        verbose_name="kind of work",
                    ),
                ),
                (
                    "purpose",
                    models.SlugField(
                        db_index=False,
                        help_text="Such as first_response, triage or resolution.",
                        max_length=32,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "worktime",
                    models.DurationField(
                        help_text="Hours:minutes:seconds, such as 08:00:00. One day is 24 hours.",
                        validators=[
                            django.core.validators.MinValueValidator(datetime.timedelta(seconds=1)),
                            django.core.validators.MaxValueValidator(
                                datetime.timedelta(days=83, seconds=28800)
                            ),
                        ],
                        verbose_name="working time",
                    ),
                ),
                (
                    "warn_percent",
                    models.PositiveSmallIntegerField(
                        default=75,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="warn at (percent)",
                    ),
                ),
                (
                    "runs_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, separated by commas. Leave empty for all.",
                        size=None,
                        verbose_name="runs in",
                    ),
                ),
                (
                    "met_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, separated by commas.",
                        size=None,
                        verbose_name="met in",
                    ),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "escalate_every",
                    models.DurationField(
                        db_default=datetime.timedelta(seconds=14400),
                        default=datetime.timedelta(seconds=14400),
                        help_text="Working time between escalation levels: backup, team lead, operations lead, default owner and backup.",
                        validators=[
                            django.core.validators.MinValueValidator(datetime.timedelta(seconds=1)),
                            django.core.validators.MaxValueValidator(
                                datetime.timedelta(days=83, seconds=28800)
                            ),
                        ],
                        verbose_name="escalate every",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.slapolicy",
                        verbose_name="policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical target",
                "verbose_name_plural": "historical targets",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_target_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        help_text="Such as request or exceptioncase.",
                        max_length=32,
                        verbose_name="kind of work",
                    ),
                ),
                (
                    "purpose",
                    models.SlugField(
                        help_text="Such as first_response, triage or resolution.",
                        max_length=32,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "worktime",
                    models.DurationField(
                        help_text="Hours:minutes:seconds, such as 08:00:00. One day is 24 hours.",
                        validators=[
                            django.core.validators.MinValueValidator(datetime.timedelta(seconds=1)),
                            django.core.validators.MaxValueValidator(
                                datetime.timedelta(days=83, seconds=28800)
                            ),
                        ],
                        verbose_name="working time",
                    ),
                ),
                (
                    "warn_percent",
                    models.PositiveSmallIntegerField(
                        default=75,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="warn at (percent)",
                    ),
                ),
                (
                    "runs_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, separated by commas. Leave empty for all.",
                        size=None,
                        verbose_name="runs in",
                    ),
                ),
                (
                    "met_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="States, separated by commas.",
                        size=None,
                        verbose_name="met in",
                    ),
                ),
                (
                    "escalate_every",
                    models.DurationField(
                        db_default=datetime.timedelta(seconds=14400),
                        default=datetime.timedelta(seconds=14400),
                        help_text="Working time between escalation levels: backup, team lead, operations lead, default owner and backup.",
                        validators=[
                            django.core.validators.MinValueValidator(datetime.timedelta(seconds=1)),
                            django.core.validators.MaxValueValidator(
                                datetime.timedelta(days=83, seconds=28800)
                            ),
                        ],
                        verbose_name="escalate every",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="targets",
                        to="routing.slapolicy",
                        verbose_name="policy",
                    ),
                ),
            ],
            options={
                "verbose_name": "target",
                "verbose_name_plural": "targets",
                "ordering": ("policy", "kind", "worktime"),
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("policy", "kind", "purpose"),
                        name="target_once_a_policy",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalTeamMembership",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical team membership",
                "verbose_name_plural": "historical team memberships",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_teammembership_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalClient",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="Prefix of references for this client's work, such as ACM-142.",
                        max_length=6,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z][A-Z0-9]{1,5}\\Z",
                                "Two to six capital letters or digits, starting with a letter.",
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        max_length=64,
                        validators=[routing.people.staff.validate_timezone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "restricted",
                    models.BooleanField(
                        default=False,
                        help_text="Only account managers in the client's team can see its work.",
                        verbose_name="restricted",
                    ),
                ),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical client",
                "verbose_name_plural": "historical clients",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_client_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCalendarUse",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.calendar",
                        verbose_name="calendar",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical calendar assignment",
                "verbose_name_plural": "historical calendar assignments",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_calendaruse_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalAgency",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default backup",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default owner",
                    ),
                ),
                (
                    "security_owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        help_text="Is notified of security alarms. Without one, the default owner is.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="security contact",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.team",
                        verbose_name="default team",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical agency",
                "verbose_name_plural": "historical agency",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_agency_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="CalendarUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="routing.calendar",
                        verbose_name="calendar",
                    ),
                ),
                (
                    "client",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_use",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "team",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_use",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
            ],
            options={
                "verbose_name": "calendar assignment",
                "verbose_name_plural": "calendar assignments",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("team", None), ("client", None), _connector="OR"),
                        name="calendar_use_names_one",
                        violation_error_message="Choose a team or a client, not both.",
                    ),
                    models.UniqueConstraint(
                        models.Value(1),
                        condition=models.Q(("client", None), ("team", None)),
                        name="one_agency_calendar",
                        violation_error_message="The agency already has a calendar.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Agency",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "backup",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default backup",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="default owner",
                    ),
                ),
                (
                    "security_owner",
                    models.ForeignKey(
                        blank=True,
                        help_text="Is notified of security alarms. Without one, the default owner is.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="security contact",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.team",
                        verbose_name="default team",
                    ),
                ),
            ],
            options={
                "verbose_name": "agency",
                "verbose_name_plural": "agency",
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="one_agency"),
                    models.CheckConstraint(
                        condition=models.Q(("owner", models.F("backup")), _negated=True),
                        name="agency_owner_is_not_backup",
                        violation_error_message="Owner and backup must be two different people.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TeamMembership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "team membership",
                "verbose_name_plural": "team memberships",
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("team", "user"),
                        name="team_member_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Trigger",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=100, verbose_name="kind of event")),
                (
                    "field",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Leave empty to match any event of this kind.",
                        max_length=60,
                        verbose_name="field",
                    ),
                ),
                (
                    "value",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="equals"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="triggers",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "trigger",
                "verbose_name_plural": "triggers",
            },
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("live", "Live as approved"),
                            ("handed_over", "Received by the client"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("expected", "Expected"),
                            ("proven", "Proven"),
                            ("decayed", "No longer holds"),
                            ("waived", "Waived"),
                            ("superseded", "Superseded"),
                        ],
                        default="expected",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("expected_at", models.DateTimeField(verbose_name="expected since")),
                ("proven_at", models.DateTimeField(null=True, verbose_name="proven")),
                ("probed_at", models.DateTimeField(null=True, verbose_name="last checked")),
                ("next_probe_at", models.DateTimeField(null=True, verbose_name="next check")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="failed checks")),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("unseen_since", models.DateTimeField(null=True, verbose_name="unreachable since")),
                (
                    "proof_version",
                    models.PositiveSmallIntegerField(
                        db_default=1, default=1, verbose_name="version of the proof"
                    ),
                ),
                ("worker", models.UUIDField(null=True)),
                (
                    "waived_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="waived by",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "outcome",
                "verbose_name_plural": "outcomes",
                "ordering": ("id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_probe_at__isnull", False)),
                        fields=["next_probe_at", "id"],
                        name="outcome_probe_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("item", "kind"), name="outcome_once_an_item"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "waived"), _negated=True),
                            ("waived_by__isnull", False),
                            _connector="OR",
                        ),
                        name="waived_by_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "proven"), _negated=True),
                            ("proven_at__isnull", False),
                            _connector="OR",
                        ),
                        name="proven_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "words",
                    models.CharField(
                        choices=[
                            ("owns", "You are now the owner"),
                            ("backs_up", "You are now the backup"),
                            ("exception", "Needs your decision"),
                            ("approval", "Needs your approval"),
                            ("ask_client", "Ready to ask the client"),
                            ("changes", "Changes requested"),
                            ("rework", "Returned by QA"),
                            ("approved", "Approved"),
                            ("not_owner", "You are no longer the owner"),
                            ("not_backup", "You are no longer the backup"),
                            ("assigned", "Assigned to you"),
                            ("not_assigned", "No longer assigned to you"),
                            ("sign_off", "Needs your sign-off"),
                            ("brief", "Brief to be written"),
                            ("plan", "The plan changed"),
                            ("note", "New note"),
                            ("held", "Put on hold"),
                            ("resumed", "Resumed"),
                            ("cancelled", "Cancelled"),
                            ("rejected", "Rejected"),
                            ("duplicate", "Closed as a duplicate"),
                            ("archived", "Archived"),
                            ("failed", "Publishing failed"),
                            ("claimed", "Claimed by a colleague"),
                            ("resolved", "Resolved by a colleague"),
                            ("dismissed", "Dismissed by a colleague"),
                            ("unproven", "Closed without proof"),
                            ("waived", "Proof waived"),
                            ("differs", "The page differs from what was approved"),
                            ("expired", "Closed without a decision in time"),
                            ("closed", "The question was withdrawn"),
                            ("decide", "Your approval is needed"),
                            ("reminder", "Reminder: your approval is needed"),
                            ("impact", "Accept or decline a change"),
                            ("decided", "The client decided"),
                            ("answered", "The client answered"),
                            ("withdrawn", "The client withdrew it"),
                            ("warning", "Due soon"),
                            ("breach", "Overdue"),
                            ("escalation", "Overdue and escalated to you"),
                        ],
                        max_length=20,
                        verbose_name="message",
                    ),
                ),
                ("dedupe_key", models.CharField(max_length=120, unique=True)),
                ("at", models.DateTimeField(verbose_name="at")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="read")),
                (
                    "sent_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="e-mailed"),
                ),
                (
                    "while_state",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=32,
                        verbose_name="counts while",
                    ),
                ),
                (
                    "party",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=20,
                        verbose_name="told as",
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="to",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to="routing.workitem",
                        verbose_name="about",
                    ),
                ),
            ],
            options={
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
                "ordering": ("-id",),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["recipient", "-id"],
                        name="notification_unread_idx",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalWorkItem",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("ref", models.CharField(max_length=24, verbose_name="reference")),
                ("kind", models.CharField(max_length=32, verbose_name="kind")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("held_at", models.DateTimeField(null=True, verbose_name="on hold since")),
                (
                    "hold_reason",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="hold reason"
                    ),
                ),
                (
                    "waiting_on",
                    models.CharField(
                        choices=[
                            ("agency", "Agency"),
                            ("client", "Client"),
                            ("vendor", "Vendor"),
                            ("incident", "Incident"),
                        ],
                        default="agency",
                        max_length=10,
                        verbose_name="waiting on",
                    ),
                ),
                (
                    "priority",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Urgent"), (2, "High"), (3, "Normal"), (4, "Low")],
                        default=3,
                        verbose_name="priority",
                    ),
                ),
                ("created_at", models.DateTimeField(editable=False, verbose_name="created")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "backup",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="backup",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
                (
                    "doer",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="assignee",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.team",
                        verbose_name="team",
                    ),
                ),
                (
                    "held_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="held together with",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="part of",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical work item",
                "verbose_name_plural": "historical work items",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_workitem_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalRun",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("enriching", "Enriching"),
                            ("waiting", "Waiting for a person"),
                            ("routed", "Routed"),
                            ("in_delivery", "In delivery"),
                            ("awaiting_outcome", "Awaiting outcome"),
                            ("complete", "Completed"),
                            ("closed_unproven", "Closed unproven"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="received",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("source", models.CharField(max_length=60, verbose_name="source")),
                ("subject_type", models.CharField(max_length=60, verbose_name="subject")),
                ("subject_id", models.CharField(max_length=100, verbose_name="subject id")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "flow",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flow",
                        verbose_name="flow",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.flowversion",
                        verbose_name="version",
                    ),
                ),
                (
                    "follows",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.run",
                        verbose_name="follows",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical run",
                "verbose_name_plural": "historical runs",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_run_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalOutcome",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("live", "Live as approved"),
                            ("handed_over", "Received by the client"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("expected", "Expected"),
                            ("proven", "Proven"),
                            ("decayed", "No longer holds"),
                            ("waived", "Waived"),
                            ("superseded", "Superseded"),
                        ],
                        default="expected",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("expected_at", models.DateTimeField(verbose_name="expected since")),
                ("proven_at", models.DateTimeField(null=True, verbose_name="proven")),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "proof_version",
                    models.PositiveSmallIntegerField(
                        db_default=1, default=1, verbose_name="version of the proof"
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "waived_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="waived by",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical outcome",
                "verbose_name_plural": "historical outcomes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_outcome_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalExceptionCase",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("claimed", "Claimed"),
                            ("escalated", "Escalated"),
                            ("resolved", "Resolved"),
                            ("dismissed", "Dismissed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information missing"),
                            ("missing_context", "Client unclear"),
                            ("duplicate", "Several clients match"),
                            ("failed_connector", "Credentials refused"),
                            ("conflicting_duplicate", "Conflicting duplicate event"),
                            ("no_rule", "No routing rule matches"),
                            ("nobody_available", "Nobody available"),
                            ("failed_step", "Step keeps failing"),
                            ("rounds_exceeded", "Change rounds exceeded"),
                            ("rejected", "Deliverable rejected"),
                            ("outcome_missing", "Published page not visible"),
                            ("outcome_decayed", "Proof no longer holds"),
                            ("no_answer", "No answer in time"),
                            ("approvers_missing", "Too few approvers left"),
                            ("connection_failing", "Connection keeps failing"),
                            ("failed_delivery", "Delivery to external system failed"),
                            ("unreadable", "Received data cannot be read"),
                            ("form_changed", "Form sends other fields"),
                            ("remote_conflict", "Changed or removed in external system"),
                            ("security_alarm", "Security alarm"),
                        ],
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        blank=True, default="", max_length=10, verbose_name="stopped at"
                    ),
                ),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("blocking", models.BooleanField(default=True, verbose_name="blocking")),
                ("claimed_at", models.DateTimeField(null=True, verbose_name="claimed")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                ("history_change_reason", models.TextField(blank=True, default="")),
                (
                    "history_id",
                    models.BigAutoField(editable=False, primary_key=True, serialize=False),
                ),
                ("history_date", models.DateTimeField(db_index=True)),
                (
                    "history_type",
                    models.CharField(
                        choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical exception",
                "verbose_name_plural": "historical exceptions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_exceptioncase_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="ExceptionCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("claimed", "Claimed"),
                            ("escalated", "Escalated"),
                            ("resolved", "Resolved"),
                            ("dismissed", "Dismissed"),
                        ],
                        default="open",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("missing_fields", "Required information missing"),
                            ("missing_context", "Client unclear"),
                            ("duplicate", "Several clients match"),
                            ("failed_connector", "Credentials refused"),
                            ("conflicting_duplicate", "Conflicting duplicate event"),
                            ("no_rule", "No routing rule matches"),
                            ("nobody_available", "Nobody available"),
                            ("failed_step", "Step keeps failing"),
                            ("rounds_exceeded", "Change rounds exceeded"),
                            ("rejected", "Deliverable rejected"),
                            ("outcome_missing", "Published page not visible"),
                            ("outcome_decayed", "Proof no longer holds"),
                            ("no_answer", "No answer in time"),
                            ("approvers_missing", "Too few approvers left"),
                            ("connection_failing", "Connection keeps failing"),
                            ("failed_delivery", "Delivery to external system failed"),
                            ("unreadable", "Received data cannot be read"),
                            ("form_changed", "Form sends other fields"),
                            ("remote_conflict", "Changed or removed in external system"),
                            ("security_alarm", "Security alarm"),
                        ],
                        max_length=40,
                        verbose_name="reason",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        blank=True, default="", max_length=10, verbose_name="stopped at"
                    ),
                ),
                ("evidence", models.JSONField(default=dict, verbose_name="evidence")),
                ("blocking", models.BooleanField(default=True, verbose_name="blocking")),
                ("claimed_at", models.DateTimeField(null=True, verbose_name="claimed")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exceptions",
                        to="routing.run",
                        verbose_name="run",
                    ),
                ),
                (
                    "item",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="as_%(class)s",
                        to="routing.workitem",
                        verbose_name="work item",
                    ),
                ),
            ],
            options={
                "verbose_name": "exception",
                "verbose_name_plural": "exceptions",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("blocking", True), ("state__in", ["open", "claimed", "escalated"])
                        ),
                        fields=("run", "step", "reason"),
                        name="one_open_exception_a_reason",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="contact",
            name="clients",
            field=models.ManyToManyField(
                related_name="contacts",
                through="routing.Membership",
                to="routing.client",
                verbose_name="clients",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="files",
            field=models.ManyToManyField(
                related_name="notes",
                through="routing.NoteFile",
                to="routing.file",
                verbose_name="files",
            ),
        ),
        migrations.AddField(
            model_name="team",
            name="members",
            field=models.ManyToManyField(
                related_name="teams",
                through="routing.TeamMembership",
                to=settings.AUTH_USER_MODEL,
                verbose_name="members",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="item",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="as_%(class)s",
                to="routing.workitem",
                verbose_name="work item",
            ),
        ),
        migrations.AddField(
            model_name="note",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notes",
                to="routing.workitem",
                verbose_name="about",
            ),
        ),
        migrations.AddConstraint(
            model_name="contact",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="contact_email_lower_unique",
                violation_error_message="Another contact already has this e-mail address.",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["source", "subject_type", "subject_id"], name="run_subject_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["complete", "closed_unproven", "cancelled"]), _negated=True
                ),
                fields=("flow", "source", "subject_type", "subject_id"),
                name="one_open_run_a_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["item", "-id"], name="note_item_idx"),
        ),
        migrations.RunSQL(OWNERS_ARE_ACTIVE),
        migrations.RunSQL(PUBLISHED_IS_FROZEN + PARTS_ARE_FROZEN),
        migrations.RunSQL(SECURITY_EVENTS_ARE_KEPT),
        migrations.RunSQL(ROOM_FOR_VERSIONS),
    ]
