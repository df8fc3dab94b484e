from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("routing", "0025_add_contact_language"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="rule", name="rule_position_once"),
        migrations.AddConstraint(
            model_name="rule",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable.IMMEDIATE,
                fields=("version", "position"),
                name="rule_position_once",
            ),
        ),
        migrations.RemoveConstraint(model_name="flowfield", name="flow_field_once"),
        migrations.AddConstraint(
            model_name="flowfield",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable.IMMEDIATE,
                fields=("version", "name"),
                name="flow_field_once",
            ),
        ),
        migrations.RemoveConstraint(model_name="teammembership", name="team_member_once"),
        migrations.AddConstraint(
            model_name="teammembership",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable.IMMEDIATE,
                fields=("team", "user"),
                name="team_member_once",
            ),
        ),
        migrations.RemoveConstraint(model_name="membership", name="contact_once_a_client"),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable.IMMEDIATE,
                fields=("contact", "client"),
                name="contact_once_a_client",
            ),
        ),
        migrations.RemoveConstraint(model_name="target", name="target_once_a_policy"),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                deferrable=models.Deferrable.IMMEDIATE,
                fields=("policy", "kind", "purpose"),
                name="target_once_a_policy",
            ),
        ),
    ]
