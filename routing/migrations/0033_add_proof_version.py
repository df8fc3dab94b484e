from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0032_index_what_waits_for_clients"),
    ]

    operations = [
        migrations.AddField(
            model_name="outcome",
            name="proof_version",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, verbose_name="version of the proof"
            ),
        ),
        migrations.AddField(
            model_name="historicaloutcome",
            name="proof_version",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, verbose_name="version of the proof"
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
    ]
