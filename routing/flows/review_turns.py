"""Turns and messages of reviews of flows."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from routing.flows.review import FlowReview
from routing.flows.reviewing import close_review, draw_again, remind, take_answer
from routing.messages.models import Notification
from routing.messages.telling import tells, tells_nobody
from routing.work.creation import created
from routing.work.turns import BACKUP, OWNER, turn

Words = Notification.Words

turn(
    FlowReview,
    FlowReview.State.OPEN,
    party=OWNER,
    act=_("review the flow"),
    waits=_("Waits for %(who)s to review the flow since %(since)s"),
    by=("close",),
    decision=True,
)
tells(created(FlowReview), OWNER, words=Words.REVIEW, turn=FlowReview.State.OPEN)
tells(remind, OWNER, BACKUP, words=Words.REVIEW_LATE, lasts=FlowReview.State.OPEN)
tells_nobody(draw_again, because=_("It changes nobody's turn. The page shows the sample."))
tells_nobody(take_answer, because=_("It stays the turn of its owner until it is closed."))
tells_nobody(close_review, because=_("Nothing is left to do."))
