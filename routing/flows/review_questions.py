"""The questions of a review of a flow, each so that “yes” is the answer one hopes for."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from routing.work.gates import Words


@dataclass(frozen=True, slots=True)
class ReviewQuestion:
    """A question. ``figures`` names those of the catalogue that help to answer it."""

    key: str
    words: Words
    figures: tuple[str, ...] = ()


QUESTIONS = (
    ReviewQuestion(
        "boundary_looked_at", _("Did you look at the original boundary first, before the figures?")
    ),
    ReviewQuestion(
        "path_clearer",
        _("Is the path of the work clearer than before?"),
        ("time_to_outcome_median", "completion_rate"),
    ),
    ReviewQuestion(
        "less_coordination",
        _("Does it take less coordination?"),
        ("coordination_people", "coordination_messages", "coordination_reassignments"),
    ),
    ReviewQuestion(
        "exceptions_early",
        _("Are exceptions caught early?"),
        ("exceptions_opened", "exceptions_recurring", "exception_settle_time_median"),
    ),
    ReviewQuestion(
        "evidence_enough", _("Is there enough evidence of the outcome?"), ("outcome_rate",)
    ),
    ReviewQuestion(
        "no_new_manual_work",
        _("Did it come without new manual work?"),
        ("manual_steps", "new_manual_work"),
    ),
    ReviewQuestion(
        "boundary_stable", _("Is the boundary of the flow as it was meant?"), ("sla_compliance",)
    ),
    ReviewQuestion("rollback_valid", _("Could it still be rolled back?")),
    ReviewQuestion(
        "checkpoint_owned", _("Does every checkpoint still have an owner?"), ("missed_hand_offs",)
    ),
)
QUESTION_OF = {each.key: each for each in QUESTIONS}
