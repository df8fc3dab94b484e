"""Say for how long a notification counts, so that settled ones disappear for everybody."""

from django.db import migrations, models

# By kind of message: for how long it counts, and as which party the person was told. Read ones and
# information count as before.
SETTLE = """
    UPDATE routing_notification n SET while_state = kinds.lasts, party = kinds.party
    FROM (VALUES ('owns', '*', 'owner'), ('exception', '*', 'owner'),
        ('approval', 'pending', 'agency'), ('decide', 'pending', 'asked'),
        ('reminder', 'pending', 'asked'), ('ask_client', 'in_internal_review', 'owner'),
        ('impact', '!client', 'approvers'), ('warning', '!soon', ''), ('breach', '!late', ''),
        ('escalation', '!late', '')) AS kinds(words, lasts, party)
    WHERE n.words = kinds.words AND n.read_at IS NULL"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0023_choose_regions_of_holidays")]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="while_state",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=32,
                verbose_name="counts while",
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="party",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=20,
                verbose_name="told as",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="words",
            field=models.CharField(
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
        migrations.RunSQL(SETTLE, migrations.RunSQL.noop),
    ]
