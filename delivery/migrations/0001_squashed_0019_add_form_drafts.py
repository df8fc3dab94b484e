"""
Everything up to 0019_add_form_drafts.

A new database is made in one step; one in use goes on with the migrations that this replaces.
tests/upgrade/test_schema.py compares what both lead to, object by object.
"""

import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import routing.work.folding
import simple_history.models
from django.conf import settings
from django.db import migrations, models

# The stages of a published version never change, whoever asks: runs that pin it go on as promised.
STAGES_ARE_FROZEN = """
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

# A new state is no value of an index, so where it stays on its page PostgreSQL writes to no index.
ROOM_FOR_VERSIONS = "".join(
    f"ALTER TABLE delivery_{table} SET (fillfactor = 60);\n"
    for table in ("request", "brief", "deliverable")
)


class Migration(migrations.Migration):
    replaces = [
        ("delivery", "0001_initial"),
        ("delivery", "0002_link_requests"),
        ("delivery", "0003_add_engagements_and_briefs"),
        ("delivery", "0004_add_form_channel"),
        ("delivery", "0005_add_deliverables"),
        ("delivery", "0006_index_words"),
        ("delivery", "0007_freeze_published_stages"),
        ("delivery", "0008_add_change_requests"),
        ("delivery", "0009_leave_room_for_versions"),
        ("delivery", "0010_use_standard_terms"),
        ("delivery", "0011_let_stages_trade_places"),
        ("delivery", "0012_fold_search"),
        ("delivery", "0013_index_what_waits_for_roles"),
        ("delivery", "0014_say_in_client_review"),
        ("delivery", "0015_freeze_those_asked"),
        ("delivery", "0016_remind_of_questions"),
        ("delivery", "0017_drop_index_of_questions"),
        ("delivery", "0018_refuse_negative_amounts"),
        ("delivery", "0019_add_form_drafts"),
    ]

    initial = True

    dependencies = [
        ("routing", "0001_squashed_0041_index_merges"),
    ]

    operations = [
        migrations.CreateModel(
            name="Brief",
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
                            ("draft", "Draft"),
                            ("in_review", "In review"),
                            ("changes_requested", "Changes requested"),
                            ("approved", "Approved"),
                            ("superseded", "Superseded"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(default=1, verbose_name="number")),
                ("is_current", models.BooleanField(default=True, verbose_name="current")),
                (
                    "body",
                    models.TextField(
                        blank=True, default="", max_length=20000, verbose_name="brief"
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        editable=False,
                        max_digits=14,
                        verbose_name="planned amount",
                    ),
                ),
                (
                    "approved_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="approved"),
                ),
                (
                    "planned",
                    models.JSONField(
                        blank=True, db_default=[], default=list, verbose_name="planned deliverables"
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "first_approver",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="first approval by",
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
                (
                    "submitted_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "verbose_name": "brief",
                "verbose_name_plural": "briefs",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Check",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("params", models.JSONField(blank=True, default=dict, verbose_name="parameters")),
                (
                    "format",
                    models.CharField(
                        blank=True,
                        choices=[("page", "Web page or article"), ("file", "Files")],
                        default="",
                        max_length=10,
                        verbose_name="applies to",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(default=100, verbose_name="position"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="checks",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "check",
                "verbose_name_plural": "checks",
                "ordering": ("position", "id"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("name", "client"),
                        name="check_name_once_a_client",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Deliverable",
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
                            ("planned", "Planned"),
                            ("in_production", "In production"),
                            ("in_qa", "In QA"),
                            ("rework", "Rework"),
                            ("in_internal_review", "In internal review"),
                            ("in_client_review", "In client review"),
                            ("approved", "Approved"),
                            ("publishing", "Publishing"),
                            ("publish_failed", "Publishing failed"),
                            ("live", "Live"),
                            ("handed_over", "Files handed over"),
                            ("archived", "Archived"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "key",
                    models.CharField(editable=False, max_length=12, verbose_name="key in the plan"),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("page", "Web page or article"), ("file", "Files")],
                        default="page",
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="planned amount"
                    ),
                ),
                (
                    "hours",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=8, verbose_name="planned hours"
                    ),
                ),
                ("due_date", models.DateField(blank=True, null=True, verbose_name="planned date")),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(default=0, verbose_name="change rounds used"),
                ),
                (
                    "live_url",
                    models.CharField(
                        blank=True, default="", max_length=1000, verbose_name="live at"
                    ),
                ),
                (
                    "live_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="live since"),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "brief",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliverables",
                        to="delivery.brief",
                        verbose_name="brief",
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliverables",
                        to="routing.destination",
                        verbose_name="destination",
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
                (
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="delivery.deliverable",
                        verbose_name="replaces",
                    ),
                ),
            ],
            options={
                "verbose_name": "deliverable",
                "verbose_name_plural": "deliverables",
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Engagement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "amount",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=14,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="amount",
                    ),
                ),
                (
                    "currency",
                    models.CharField(blank=True, default="", max_length=3, verbose_name="currency"),
                ),
                (
                    "hours",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=8,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="hours",
                    ),
                ),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="change rounds"
                    ),
                ),
                ("starts_date", models.DateField(blank=True, null=True, verbose_name="starts")),
                ("ends_date", models.DateField(blank=True, null=True, verbose_name="ends")),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="engagements",
                        to="routing.client",
                        verbose_name="client",
                    ),
                ),
            ],
            options={
                "verbose_name": "engagement",
                "verbose_name_plural": "engagements",
                "ordering": ("client", "name"),
                "default_permissions": ("add", "change", "view"),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts_date", None),
                            ("ends_date", None),
                            ("starts_date__lte", models.F("ends_date")),
                            _connector="OR",
                        ),
                        name="engagement_starts_before_it_ends",
                        violation_error_message="The engagement ends before it starts.",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="brief",
            name="engagement",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="briefs",
                to="delivery.engagement",
                verbose_name="engagement",
            ),
        ),
        migrations.CreateModel(
            name="FormDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("form", models.CharField(max_length=80, verbose_name="form")),
                ("values", models.JSONField(verbose_name="values")),
                ("saved_at", models.DateTimeField(verbose_name="saved")),
                (
                    "contact",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "form draft",
                "verbose_name_plural": "form drafts",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("contact", "form"), name="draft_once_a_form")
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalCheck",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("params", models.JSONField(blank=True, default=dict, verbose_name="parameters")),
                (
                    "format",
                    models.CharField(
                        blank=True,
                        choices=[("page", "Web page or article"), ("file", "Files")],
                        default="",
                        max_length=10,
                        verbose_name="applies to",
                    ),
                ),
                (
                    "position",
                    models.PositiveSmallIntegerField(default=100, verbose_name="position"),
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
                "verbose_name": "historical check",
                "verbose_name_plural": "historical checks",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_check_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEngagement",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "amount",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=14,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="amount",
                    ),
                ),
                (
                    "currency",
                    models.CharField(blank=True, default="", max_length=3, verbose_name="currency"),
                ),
                (
                    "hours",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=8,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="hours",
                    ),
                ),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="change rounds"
                    ),
                ),
                ("starts_date", models.DateField(blank=True, null=True, verbose_name="starts")),
                ("ends_date", models.DateField(blank=True, null=True, verbose_name="ends")),
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
                "verbose_name": "historical engagement",
                "verbose_name_plural": "historical engagements",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_engagement_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Request",
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
                            ("captured", "New"),
                            ("needs_information", "Needs information"),
                            ("triaged", "Triaged"),
                            ("accepted", "Accepted"),
                            ("in_delivery", "In delivery"),
                            ("delivered", "Delivered"),
                            ("closed", "Closed"),
                            ("rejected", "Rejected"),
                            ("duplicate", "Duplicate"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="captured",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new", "New work"),
                            ("campaign", "Campaign"),
                            ("change", "Change"),
                        ],
                        default="new",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("crm", "CRM"),
                            ("form", "Web form"),
                            ("portal", "Portal"),
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("meeting", "Meeting"),
                        ],
                        default="email",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "details",
                    models.TextField(
                        blank=True, default="", max_length=10000, verbose_name="description"
                    ),
                ),
                ("wanted_date", models.DateField(blank=True, null=True, verbose_name="needed by")),
                (
                    "question",
                    models.TextField(
                        blank=True, default="", max_length=2000, verbose_name="open question"
                    ),
                ),
                (
                    "triaged_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="triaged"),
                ),
                (
                    "accepted_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="accepted"),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "impact",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not stated"),
                            ("stated", "Stated"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                        ],
                        db_default="",
                        default="",
                        editable=False,
                        max_length=10,
                        verbose_name="impact",
                    ),
                ),
                (
                    "impact_amount",
                    models.DecimalField(
                        decimal_places=2,
                        editable=False,
                        max_digits=14,
                        null=True,
                        verbose_name="extra cost",
                    ),
                ),
                (
                    "impact_date",
                    models.DateField(editable=False, null=True, verbose_name="ready on"),
                ),
                (
                    "impact_hours",
                    models.DecimalField(
                        decimal_places=2,
                        editable=False,
                        max_digits=8,
                        null=True,
                        verbose_name="extra hours",
                    ),
                ),
                (
                    "impact_note",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=2000,
                        verbose_name="impact",
                    ),
                ),
                ("asked_at", models.DateTimeField(editable=False, null=True, verbose_name="asked")),
                (
                    "remind_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="next reminder"),
                ),
                (
                    "reminded_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last reminder"),
                ),
                (
                    "reminders",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, editable=False, verbose_name="reminders"
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="routing.contact",
                        verbose_name="requested by",
                    ),
                ),
                (
                    "duplicate_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="duplicates",
                        to="delivery.request",
                        verbose_name="duplicate of",
                    ),
                ),
                (
                    "impact_by",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.contact",
                        verbose_name="decided by",
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
                (
                    "target",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="delivery.deliverable",
                        verbose_name="changes",
                    ),
                ),
            ],
            options={
                "verbose_name": "request",
                "verbose_name_plural": "requests",
                "default_permissions": ("add", "view"),
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            routing.work.folding.Fold("details"), "gin_trgm_ops"
                        ),
                        name="request_folded_idx",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "captured",
                                    "needs_information",
                                    "triaged",
                                    "accepted",
                                    "in_delivery",
                                    "delivered",
                                    "closed",
                                    "rejected",
                                    "duplicate",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="request_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "duplicate"), _negated=True),
                            ("duplicate_of__isnull", False),
                            _connector="OR",
                        ),
                        name="duplicate_names_original",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalRequest",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("captured", "New"),
                            ("needs_information", "Needs information"),
                            ("triaged", "Triaged"),
                            ("accepted", "Accepted"),
                            ("in_delivery", "In delivery"),
                            ("delivered", "Delivered"),
                            ("closed", "Closed"),
                            ("rejected", "Rejected"),
                            ("duplicate", "Duplicate"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="captured",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new", "New work"),
                            ("campaign", "Campaign"),
                            ("change", "Change"),
                        ],
                        default="new",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("crm", "CRM"),
                            ("form", "Web form"),
                            ("portal", "Portal"),
                            ("email", "E-mail"),
                            ("phone", "Phone"),
                            ("meeting", "Meeting"),
                        ],
                        default="email",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "details",
                    models.TextField(
                        blank=True, default="", max_length=10000, verbose_name="description"
                    ),
                ),
                ("wanted_date", models.DateField(blank=True, null=True, verbose_name="needed by")),
                (
                    "question",
                    models.TextField(
                        blank=True, default="", max_length=2000, verbose_name="open question"
                    ),
                ),
                (
                    "triaged_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="triaged"),
                ),
                (
                    "accepted_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="accepted"),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
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
                    "impact",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not stated"),
                            ("stated", "Stated"),
                            ("accepted", "Accepted"),
                            ("declined", "Declined"),
                        ],
                        db_default="",
                        default="",
                        editable=False,
                        max_length=10,
                        verbose_name="impact",
                    ),
                ),
                (
                    "impact_amount",
                    models.DecimalField(
                        decimal_places=2,
                        editable=False,
                        max_digits=14,
                        null=True,
                        verbose_name="extra cost",
                    ),
                ),
                (
                    "impact_date",
                    models.DateField(editable=False, null=True, verbose_name="ready on"),
                ),
                (
                    "impact_hours",
                    models.DecimalField(
                        decimal_places=2,
                        editable=False,
                        max_digits=8,
                        null=True,
                        verbose_name="extra hours",
                    ),
                ),
                (
                    "impact_note",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        max_length=2000,
                        verbose_name="impact",
                    ),
                ),
                ("asked_at", models.DateTimeField(editable=False, null=True, verbose_name="asked")),
                (
                    "remind_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="next reminder"),
                ),
                (
                    "reminded_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last reminder"),
                ),
                (
                    "reminders",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, editable=False, verbose_name="reminders"
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
                        verbose_name="requested by",
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
                    "impact_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.contact",
                        verbose_name="decided by",
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
                (
                    "target",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.deliverable",
                        verbose_name="changes",
                    ),
                ),
                (
                    "duplicate_of",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.request",
                        verbose_name="duplicate of",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical request",
                "verbose_name_plural": "historical requests",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_request_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalBrief",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("in_review", "In review"),
                            ("changes_requested", "Changes requested"),
                            ("approved", "Approved"),
                            ("superseded", "Superseded"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="draft",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(default=1, verbose_name="number")),
                ("is_current", models.BooleanField(default=True, verbose_name="current")),
                (
                    "body",
                    models.TextField(
                        blank=True, default="", max_length=20000, verbose_name="brief"
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
                    "amount",
                    models.DecimalField(
                        db_default=0,
                        decimal_places=2,
                        default=0,
                        editable=False,
                        max_digits=14,
                        verbose_name="planned amount",
                    ),
                ),
                (
                    "approved_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="approved"),
                ),
                (
                    "planned",
                    models.JSONField(
                        blank=True, db_default=[], default=list, verbose_name="planned deliverables"
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "engagement",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.engagement",
                        verbose_name="engagement",
                    ),
                ),
                (
                    "first_approver",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="first approval by",
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
                (
                    "submitted_by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.request",
                        verbose_name="request",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical brief",
                "verbose_name_plural": "historical briefs",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_brief_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name="deliverable",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="deliverables",
                to="delivery.request",
                verbose_name="request",
            ),
        ),
        migrations.AddField(
            model_name="brief",
            name="request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="briefs",
                to="delivery.request",
                verbose_name="request",
            ),
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                (
                    "title",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="title"),
                ),
                (
                    "slug",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="slug"),
                ),
                ("excerpt", models.TextField(blank=True, default="", verbose_name="excerpt")),
                ("body_html", models.TextField(blank=True, default="", verbose_name="body")),
                (
                    "seo_title",
                    models.CharField(
                        blank=True, default="", max_length=200, verbose_name="SEO title"
                    ),
                ),
                (
                    "seo_description",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="SEO description"
                    ),
                ),
                ("terms", models.JSONField(blank=True, default=dict, verbose_name="terms")),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="release note"
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "author",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "deliverable",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="delivery.deliverable",
                        verbose_name="deliverable",
                    ),
                ),
            ],
            options={
                "verbose_name": "version",
                "verbose_name_plural": "versions",
                "ordering": ("deliverable", "number"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("deliverable", "number"), name="version_number_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalDeliverable",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("in_production", "In production"),
                            ("in_qa", "In QA"),
                            ("rework", "Rework"),
                            ("in_internal_review", "In internal review"),
                            ("in_client_review", "In client review"),
                            ("approved", "Approved"),
                            ("publishing", "Publishing"),
                            ("publish_failed", "Publishing failed"),
                            ("live", "Live"),
                            ("handed_over", "Files handed over"),
                            ("archived", "Archived"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "key",
                    models.CharField(editable=False, max_length=12, verbose_name="key in the plan"),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("page", "Web page or article"), ("file", "Files")],
                        default="page",
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="planned amount"
                    ),
                ),
                (
                    "hours",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=8, verbose_name="planned hours"
                    ),
                ),
                ("due_date", models.DateField(blank=True, null=True, verbose_name="planned date")),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(default=0, verbose_name="change rounds used"),
                ),
                (
                    "live_url",
                    models.CharField(
                        blank=True, default="", max_length=1000, verbose_name="live at"
                    ),
                ),
                (
                    "live_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="live since"),
                ),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
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
                    "brief",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.brief",
                        verbose_name="brief",
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="routing.destination",
                        verbose_name="destination",
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
                (
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.deliverable",
                        verbose_name="replaces",
                    ),
                ),
                (
                    "request",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.request",
                        verbose_name="request",
                    ),
                ),
                (
                    "reworked",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.version",
                        verbose_name="returned at",
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
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical deliverable",
                "verbose_name_plural": "historical deliverables",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["id", "history_date"], name="hist_deliverable_idx")
                ],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalApproval",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("changes_requested", "Changes requested"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded"),
                        ],
                        default="pending",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("stage", models.PositiveSmallIntegerField(verbose_name="stage")),
                (
                    "audience",
                    models.CharField(
                        choices=[("internal", "The agency"), ("client", "The client")],
                        max_length=10,
                        verbose_name="audience",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        choices=[("any", "Any one"), ("all", "All"), ("some", "A set number")],
                        default="any",
                        max_length=4,
                        verbose_name="required answers",
                    ),
                ),
                (
                    "need",
                    models.PositiveSmallIntegerField(default=1, verbose_name="number of approvals"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
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
                    "nudged_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last reminder"),
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
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical approval",
                "verbose_name_plural": "historical approvals",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["id", "history_date"], name="hist_approval_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AddField(
            model_name="deliverable",
            name="reworked",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="delivery.version",
                verbose_name="returned at",
            ),
        ),
        migrations.AddField(
            model_name="deliverable",
            name="version",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="delivery.version",
                verbose_name="version",
            ),
        ),
        migrations.CreateModel(
            name="CheckResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("params", models.JSONField(default=dict, verbose_name="parameters")),
                ("passed", models.BooleanField(verbose_name="passed")),
                ("findings", models.JSONField(default=list, verbose_name="findings")),
                ("at", models.DateTimeField(verbose_name="at")),
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
                    "check_row",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="results",
                        to="delivery.check",
                        verbose_name="check",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="results",
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "check result",
                "verbose_name_plural": "check results",
                "ordering": ("version", "id"),
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Approval",
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
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("changes_requested", "Changes requested"),
                            ("rejected", "Rejected"),
                            ("expired", "Expired"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded"),
                        ],
                        default="pending",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("stage", models.PositiveSmallIntegerField(verbose_name="stage")),
                (
                    "audience",
                    models.CharField(
                        choices=[("internal", "The agency"), ("client", "The client")],
                        max_length=10,
                        verbose_name="audience",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        choices=[("any", "Any one"), ("all", "All"), ("some", "A set number")],
                        default="any",
                        max_length=4,
                        verbose_name="required answers",
                    ),
                ),
                (
                    "need",
                    models.PositiveSmallIntegerField(default=1, verbose_name="number of approvals"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="seen")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "nudged_at",
                    models.DateTimeField(editable=False, null=True, verbose_name="last reminder"),
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
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "approval",
                "verbose_name_plural": "approvals",
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["expires_at"],
                        name="approval_expiry_idx",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "pending")),
                        fields=("version", "stage"),
                        name="one_open_question_a_stage",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VersionFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("role", models.CharField(max_length=30, verbose_name="role")),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                (
                    "alt",
                    models.CharField(
                        blank=True, default="", max_length=300, verbose_name="alt text"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="routing.file",
                        verbose_name="file",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="delivery.version",
                        verbose_name="version",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a version",
                "verbose_name_plural": "files of versions",
                "ordering": ("version", "position"),
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "position"), name="version_file_place_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "word",
                    models.CharField(
                        choices=[
                            ("approve", "Approves"),
                            ("changes", "Asks for changes"),
                            ("reject", "Rejects"),
                        ],
                        max_length=10,
                        verbose_name="answer",
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "evidence",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.file",
                        verbose_name="evidence",
                    ),
                ),
                (
                    "note",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.note",
                        verbose_name="comment",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="recorded by",
                    ),
                ),
                (
                    "user",
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
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="delivery.approval",
                        verbose_name="approval",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer",
                "verbose_name_plural": "answers",
                "ordering": ("approval", "id"),
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("contact", None), ("user__isnull", False)),
                            models.Q(("contact__isnull", False), ("user", None)),
                            _connector="OR",
                        ),
                        name="one_person_answers",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recorded_by", None),
                            models.Q(("contact__isnull", False), ("evidence__isnull", False)),
                            _connector="OR",
                        ),
                        name="recorded_answer_has_evidence",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("user__isnull", False)),
                        fields=("approval", "user"),
                        name="user_answers_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("contact__isnull", False)),
                        fields=("approval", "contact"),
                        name="contact_answers_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalStage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                (
                    "audience",
                    models.CharField(
                        choices=[("internal", "The agency"), ("client", "The client")],
                        max_length=10,
                        verbose_name="audience",
                    ),
                ),
                (
                    "quorum",
                    models.CharField(
                        choices=[("any", "Any one"), ("all", "All"), ("some", "A set number")],
                        default="any",
                        max_length=4,
                        verbose_name="required answers",
                    ),
                ),
                (
                    "need",
                    models.PositiveSmallIntegerField(default=1, verbose_name="number of approvals"),
                ),
                (
                    "answer_days",
                    models.PositiveSmallIntegerField(default=14, verbose_name="days to answer"),
                ),
                (
                    "flow_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approval_stages",
                        to="routing.flowversion",
                        verbose_name="flow version",
                    ),
                ),
            ],
            options={
                "verbose_name": "approval stage",
                "verbose_name_plural": "approval stages",
                "ordering": ("flow_version", "position"),
                "default_permissions": ("add", "change", "delete", "view"),
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("flow_version", "position"),
                        name="stage_position_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AskedPerson",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("counts", models.BooleanField(default=True, verbose_name="needed for all")),
                ("at", models.DateTimeField(verbose_name="asked")),
                (
                    "left_at",
                    models.DateTimeField(null=True, verbose_name="can no longer answer since"),
                ),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="asked",
                        to="delivery.approval",
                        verbose_name="approval",
                    ),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="routing.contact",
                        verbose_name="contact",
                    ),
                ),
                (
                    "stands_in_for",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="delivery.askedperson",
                        verbose_name="stands in for",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "person asked",
                "verbose_name_plural": "people asked",
                "ordering": ("approval", "id"),
                "default_permissions": ("view",),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("contact", None), ("user__isnull", False)),
                            models.Q(("contact__isnull", False), ("user", None)),
                            _connector="OR",
                        ),
                        name="one_person_is_asked",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("user__isnull", False)),
                        fields=("approval", "user"),
                        name="user_asked_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("contact__isnull", False)),
                        fields=("approval", "contact"),
                        name="contact_asked_once",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="brief",
            index=models.Index(
                condition=models.Q(("state", "approved")),
                fields=["engagement"],
                include=("amount",),
                name="brief_approved_amount_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="brief",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    routing.work.folding.Fold("body"), "gin_trgm_ops"
                ),
                name="brief_folded_idx",
            ),
        ),
        migrations.AddIndex(
            model_name="brief",
            index=models.Index(
                condition=models.Q(("state", "in_review")),
                fields=["item"],
                name="brief_in_review_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="brief",
            constraint=models.UniqueConstraint(
                fields=("request", "number"), name="brief_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="brief",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_current", True)),
                fields=("request",),
                name="one_current_brief",
            ),
        ),
        migrations.AddConstraint(
            model_name="brief",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by", None),
                    models.Q(("approved_by", models.F("submitted_by")), _negated=True),
                    _connector="OR",
                ),
                name="author_never_approves_brief",
            ),
        ),
        migrations.AddConstraint(
            model_name="brief",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_approver", None),
                    models.Q(("first_approver", models.F("approved_by")), _negated=True),
                    _connector="OR",
                ),
                name="two_people_approve_above_budget",
            ),
        ),
        migrations.AddIndex(
            model_name="deliverable",
            index=models.Index(
                condition=models.Q(("state", "in_qa")),
                fields=["item"],
                name="deliverable_in_qa_idx",
            ),
        ),
        migrations.AddConstraint(
            model_name="deliverable",
            constraint=models.UniqueConstraint(
                fields=("request", "key"), name="planned_once_a_request"
            ),
        ),
        migrations.AddConstraint(
            model_name="deliverable",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    models.Q(("state", "cancelled"), _negated=True), ("replaces__isnull", False)
                ),
                fields=("replaces",),
                name="one_successor_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="deliverable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["planned", "in_production", "cancelled"]),
                    ("version__isnull", False),
                    _connector="OR",
                ),
                name="what_is_judged_has_a_version",
            ),
        ),
        migrations.RunSQL(STAGES_ARE_FROZEN),
        migrations.RunSQL(ROOM_FOR_VERSIONS),
    ]
