import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The second layer beside the rights of the role. Erasure may empty what could lead to a person, and
# what is old may go; nobody removes what has just happened.
FORWARD = """
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
BACKWARD = (
    "DROP TRIGGER kept ON routing_securityevent; DROP FUNCTION refuse_other_security_event();"
)


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0038_add_file_keys"),
    ]

    operations = [
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
                (
                    "typed",
                    models.CharField(blank=True, default="", editable=False, max_length=64),
                ),
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
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AddField(
            model_name="agency",
            name="security_owner",
            field=models.ForeignKey(
                blank=True,
                help_text="Is notified of security alarms. Without one, the default owner is.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="security contact",
            ),
        ),
        migrations.AddField(
            model_name="historicalagency",
            name="security_owner",
            field=models.ForeignKey(
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
    ]
