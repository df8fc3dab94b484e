"""Search without case and accents."""

from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import (
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    UnaccentExtension,
)
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from routing.work.folding import Fold

# The extension may be in any schema, and an index must not depend on the search path.
WHERE = """
    SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
    WHERE e.extname = 'unaccent'"""
# unaccent() is only STABLE, because its dictionary could be changed. Ours never is.
UNACCENT = """
    CREATE OR REPLACE FUNCTION public.routing_unaccent(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$SELECT {schema}.unaccent('{schema}.unaccent'::regdictionary, normalize($1, NFC))$$"""
# Text in ASCII has no accents. PostgreSQL puts this expression in place of the call, so that for
# such text nothing but upper() is called. A STRICT function would not be put in place.
FOLD = """
    CREATE OR REPLACE FUNCTION public.routing_fold(text) RETURNS text
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


class Migration(migrations.Migration):
    atomic = False  # the indexes are made while work goes on

    dependencies = [("routing", "0027_add_reason_to_enrichment")]

    operations = [
        UnaccentExtension(),  # trusted, so the owner of the database may make it
        migrations.RunPython(add_functions, drop_functions),
        AddIndexConcurrently(
            "workitem",
            GinIndex(
                OpClass(Fold("ref"), "gin_trgm_ops"),
                OpClass(Fold("title"), "gin_trgm_ops"),
                name="workitem_folded_idx",
            ),
        ),
        RemoveIndexConcurrently("workitem", "workitem_words_idx"),
    ]
