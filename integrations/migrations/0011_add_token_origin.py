from urllib.parse import urlsplit

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """Return the origin as integrations.base.origins writes it, or nothing for a bad address."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
    except (KeyError, ValueError):
        return ""
    host = (parts.hostname or "").lower()
    return f"{parts.scheme}://[{host}]:{port}" if ":" in host else f"{parts.scheme}://{host}:{port}"


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Today's tokens were given for today's addresses."""
    connections = apps.get_model("integrations", "Connection").objects.using(
        schema_editor.connection.alias
    )
    for row in connections.exclude(base_url="").only("pk", "base_url"):
        connections.filter(pk=row.pk).update(token_origin=origin_of(row.base_url))


class Migration(migrations.Migration):
    dependencies = [("integrations", "0010_index_unreadable_webhooks")]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="token_origin",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=300
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
