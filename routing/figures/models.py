"""Roll-ups: what the figures that read most rows count on each day. Any can be computed anew."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Rollup(models.Model):
    """
    Rows of one source that count on one day of the agency, for one client.

    ``client`` is 0 for work without one. ``kind`` is empty if the source does not keep it. ``key``
    and ``other`` are what the source is grouped by itself. ``took`` has the duration of each row,
    sorted, because a median of medians is none.
    """

    # ``client`` is no foreign key: rows about a client would be locked with every change of it.
    impersonal = ("source", "kind", "key", "other")

    source = models.CharField(max_length=32)
    day = models.DateField()
    client = models.BigIntegerField(default=0)
    kind = models.CharField(max_length=32, default="")
    key = models.CharField(max_length=32, default="")
    other = models.CharField(max_length=32, default="")
    apart = models.BooleanField(default=False)
    n = models.PositiveIntegerField()
    good = models.PositiveIntegerField(default=0)
    total = models.DurationField(null=True)
    took = ArrayField(models.DurationField(), null=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=("source", "day", "client", "kind", "key", "other", "apart"),
                name="rollup_of_a_group",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source} {self.day}"


class RollupState(models.Model):
    """
    State of the roll-ups. There is one row, and none before the first refresh.

    They hold everything that was committed at ``as_of``. ``horizon`` is the oldest transaction that
    was open then, and ``seen`` the newest id of each table that tells of changes. ``basis`` is the
    digest of what days and work that counts apart depended on.
    """

    impersonal = ("basis", "seen")

    basis = models.CharField(max_length=64)
    horizon = models.BigIntegerField()
    seen = models.JSONField(default=dict)
    as_of = models.DateTimeField()
    rebuilt_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M}"
