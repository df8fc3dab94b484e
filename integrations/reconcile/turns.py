"""Who is notified of decisions about external objects."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations.reconcile.settle import settle
from routing.messages.telling import tells_nobody

tells_nobody(
    settle,
    because=_(
        "Whoever decided knows about it. The exception ends once the decision is carried out."
    ),
)
