from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0016_remind_of_questions"),
        ("routing", "0032_index_what_waits_for_clients"),
    ]

    operations = [migrations.RemoveIndex("request", "request_question_idx")]
