"""Freeze who was asked by the approvals that are open."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# As the product asks from now on: the client's approvers, who count for “all” if they have access to
# the portal, and the staff who may approve, without the author. Whoever has answered was asked.
FREEZE = """
    INSERT INTO delivery_askedperson (approval_id, user_id, contact_id, counts, at)
    SELECT DISTINCT ON (a.id, m.contact_id) a.id, NULL::bigint, m.contact_id,
        coalesce(u.is_active, false), w.created_at
    FROM delivery_approval a JOIN routing_workitem w ON w.id = a.item_id
    JOIN routing_membership m ON m.client_id = w.client_id AND m.role = 'approver'
    JOIN routing_contact c ON c.id = m.contact_id AND c.erased_at IS NULL
    LEFT JOIN routing_user u ON u.id = c.user_id
    WHERE a.state = 'pending' AND a.audience = 'client'
    UNION ALL
    SELECT a.id, u.id, NULL::bigint, true, w.created_at
    FROM delivery_approval a JOIN routing_workitem w ON w.id = a.item_id
    JOIN delivery_version v ON v.id = a.version_id
    JOIN routing_user u ON u.is_active AND u.is_staff AND u.kind = 'person' AND u.id <> v.author_id
    WHERE a.state = 'pending' AND a.audience = 'internal' AND (u.is_superuser OR EXISTS (
        SELECT FROM auth_permission p
        WHERE p.codename = 'approve_approval' AND (
            p.id IN (SELECT permission_id FROM routing_user_user_permissions WHERE user_id = u.id)
            OR p.id IN (SELECT permission_id FROM auth_group_permissions
                JOIN routing_user_groups USING (group_id) WHERE user_id = u.id))))
    ORDER BY 1, 2, 3;
    INSERT INTO delivery_askedperson (approval_id, user_id, contact_id, counts, at)
    SELECT r.approval_id, r.user_id, r.contact_id, true, r.at
    FROM delivery_answer r JOIN delivery_approval a ON a.id = r.approval_id
    WHERE a.state = 'pending'
    ORDER BY r.id
    ON CONFLICT DO NOTHING"""


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0014_say_in_client_review"),
        ("routing", "0029_add_missing_approvers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
    ]
