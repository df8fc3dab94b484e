"""
Drafts that flows have prepared in content systems, and what became of them.

A deliverable of the same run that is published there takes the draft over, under the draft's mark,
so that there is one post and not two.
"""

from __future__ import annotations

from hashlib import sha256

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from integrations.base.adapter import TRASH
from integrations.outbox.models import Outbound, OutboundQuerySet
from integrations.outbox.rows import lock_objects
from integrations.outbox.verbs import called
from routing.models import Run

DRAFT = called("draft", _("Prepare the draft"))
State = Outbound.State


def draft_key(run: Run, action: str) -> str:
    """
    Return the name of the draft that an action of a run prepares.

    It includes a digest of the creation time, because another installation may write to the same
    site with the same ids.
    """
    made = sha256(run.item.created_at.isoformat().encode()).hexdigest()
    return f"{DRAFT}:{run.pk}:{made[:12]}:{action}"


def of_same_object(*verbs: str) -> OutboundQuerySet:
    """Return the messages with one of these verbs that count, about the object of an outer one."""
    rows = Outbound.objects.filter(
        connection=OuterRef("connection"), object_key=OuterRef("object_key"), verb__in=verbs
    )
    return rows.exclude(state__in=Outbound.given_up)


def drafts(publish: str) -> OutboundQuerySet:
    """
    Return the messages of drafts that are neither taken over nor being removed.

    :param publish: the verb of messages that publish a deliverable
    """
    rows = Outbound.objects.filter(verb=DRAFT).exclude(state__in=Outbound.given_up)
    return rows.filter(~Exists(of_same_object(publish, TRASH)))


def take_over(run: int, connection: int, post_type: str, publish: str) -> str:
    """
    Return the object of a draft of the run that nothing has taken over, or an empty string.

    The object stays locked until the end of the transaction.
    """
    free = drafts(publish).filter(run=run, connection=connection, object_type=post_type)
    for key in list(free.order_by("pk").values_list("object_key", flat=True).distinct()):
        lock_objects([(connection, key)])
        if free.filter(object_key=key).exists():
            return str(key)
    return ""
