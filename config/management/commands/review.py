"""Reviews of flows: draw one, answer its questions, and close it, as one person."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.acting import is_demo, person
from config.management.commands.figures import day
from config.management.flow_actions.base import NOT_DEMO, Refused, flow_of, refusal
from config.management.review_json import review_in_json, review_in_words
from routing.flows.lint import near_to
from routing.flows.review import FlowReview, ReviewAnswer
from routing.flows.review_questions import QUESTION_OF
from routing.flows.reviewing import (
    NotAnswered,
    SettlementDetails,
    answer_question,
    close_review,
    reviews_seen_by,
)
from routing.kernel.channel import through
from routing.people.actors import Actor
from routing.runs.operations.reviews import NotDrawn, draw_by_hand

EXAMPLES = """
examples:
  manage.py review draw lead-to-brief --as olu@northlight.example --json
  manage.py review draw lead-to-brief --seed 7 --as olu@northlight.example
  manage.py review answer AGY-12 path_clearer yes --as olu@northlight.example
  manage.py review answer AGY-12 rollback_valid no --reason "v2 is too old" \\
      --settle waiver --owner mara@northlight.example --until 2027-01-31 \\
      --as olu@northlight.example
  manage.py review answer AGY-12 less_coordination no --reason "Two hand-offs" \\
      --settle rule --draft 5 --as olu@northlight.example
  manage.py review show AGY-12 --as olu@northlight.example --json
  manage.py review close AGY-12 --as olu@northlight.example --json

“draw” returns the open review of a flow, or draws one. The same seed has the same sample. ID is the
id or the reference of a review. A “no” is settled by a rule (--draft names the version, and without
it the newest draft counts or one is begun), by a new check or by a waiver (--owner and --until).
docs/howto/do-a-review-on-monday.md
"""


def seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise ArgumentTypeError("is a whole number from 0, below 2 to the power of 63")
    return int(text)


def _draw_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("flow", metavar="SLUG", help="such as lead-to-brief")
    parser.add_argument("--seed", type=seed, metavar="N", help="chooses the sample")


def _answer_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("review", metavar="ID", help="id or reference of the review")
    parser.add_argument("key", metavar="KEY", help=f"one of {', '.join(QUESTION_OF)}")
    parser.add_argument("answer", choices=("yes", "no"))
    settlements = list(ReviewAnswer.Settlement.values)
    parser.add_argument("--settle", choices=settlements, help="what a “no” becomes")
    parser.add_argument("--draft", type=int, metavar="N", help="number of the changed version")
    parser.add_argument("--owner", metavar="EMAIL", help="who answers for a check or a waiver")
    parser.add_argument("--until", type=day, metavar="DATE", help="last day of it")


def _id_argument(parser: ArgumentParser) -> None:
    parser.add_argument("review", metavar="ID", help="id or reference of the review")


def _draw(options: Mapping[str, Any], by: Actor) -> FlowReview:
    flow = flow_of(options["flow"])
    try:
        return draw_by_hand(
            flow.pk, by=by, at=timezone.now(), seed=options["seed"], reason=options["reason"]
        )
    except NotDrawn as error:
        raise Refused(refusal(error.code, str(error), error.clears_by)) from None


def _answer(options: Mapping[str, Any], by: Actor) -> FlowReview:
    review = _review_of(options["review"], by)
    settlement = None
    if options["settle"]:
        owner = person(options["owner"]).pk if options["owner"] else None
        settlement = SettlementDetails(options["settle"], options["draft"], owner, options["until"])
    try:
        answer_question(
            review,
            options["key"],
            yes=options["answer"] == "yes",
            by=by,
            at=timezone.now(),
            reason=options["reason"],
            settlement=settlement,
        )
    except LookupError:
        near = near_to(options["key"], QUESTION_OF)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise CommandError(
            f"There is no question “{options['key']}”.{hint}", returncode=2
        ) from None
    except NotAnswered as error:
        raise Refused(refusal(error.code, str(error), error.clears_by)) from None
    return _review_of(options["review"], by)


def _close(options: Mapping[str, Any], by: Actor) -> FlowReview:
    review = _review_of(options["review"], by)
    [result] = close_review([review.pk], by=by, at=timezone.now(), reason=options["reason"])
    if not result.done:
        raise Refused(
            *(
                {
                    **refusal(each.code, str(each.message), str(each.clears_by)),
                    "evidence": str(each.evidence),
                }
                for each in result.refusals
            )
        )
    return _review_of(options["review"], by)


def _show(options: Mapping[str, Any], by: Actor) -> FlowReview:
    return _review_of(options["review"], by)


def _review_of(text: str, by: Actor) -> FlowReview:
    """
    Return a review that the person may see, by its id or its reference.

    :raises CommandError: with exit code 2, if there is none
    """
    rows = reviews_seen_by(by).select_related(
        "item__owner", "item__backup", "flow", "version__flow", "version__rollback_to__flow"
    )
    named = {"pk": int(text)} if text.isdecimal() else {"item__ref__iexact": text}
    found = rows.filter(**named).first() if by.may("routing.view_flowreview") else None
    if found is None:
        raise CommandError(f"There is no review “{text}” that you can see.", returncode=2)
    return found


Step = Callable[[Mapping[str, Any], Actor], FlowReview]
STEPS: Mapping[str, tuple[str, Callable[[ArgumentParser], None], Step]] = {
    "draw": ("draw a review of a flow, or return the open one", _draw_arguments, _draw),
    "answer": ("answer a question of a review", _answer_arguments, _answer),
    "show": ("show a review", _id_argument, _show),
    "close": ("close a review whose every “no” is settled", _id_argument, _close),
}


class Command(BaseCommand):
    help = (
        "Draw, answer, show and close reviews of flows as one person. Exits with 1 if the step is "
        "refused, and with 2 if it cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        known = parser.add_subparsers(dest="step", required=True, metavar="STEP")
        for name, (words, arguments, _step) in STEPS.items():
            made = known.add_parser(name, help=words)
            arguments(made)
            made.add_argument(
                "--as", dest="email", metavar="EMAIL", required=True, help="the person who does it"
            )
            made.add_argument("--reason", default="", help="stored with the step")
            made.add_argument(
                "--yes", action="store_true", help="change a product that is not the demo"
            )
            made.add_argument("--json", action="store_true", help="one object with the result")

    def handle(self, *, step: str, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused, 2 if it is not understood"""
        by = Actor.of(person(options["email"]))
        try:
            if step != "show" and not (options["yes"] or is_demo()):
                raise Refused(NOT_DEMO)  # noqa: TRY301  # printed like any other refusal
            with through(_("By command")):
                review = STEPS[step][2](options, by)
        except PermissionDenied as error:
            words = _("The policy owner or backup of the flow, or whoever may publish flows")
            self._refuse(step, Refused(refusal("permission", str(error), words)), options)
        except Refused as error:
            self._refuse(step, error, options)
        else:
            body = review_in_json(review, by)
            if options["json"]:
                self._print(step, body)
            else:
                self.stdout.write(review_in_words(body))

    def _refuse(self, step: str, refused: Refused, options: Mapping[str, Any]) -> None:
        """:raises CommandError: always, with exit code 1"""
        if options["json"]:
            self._print(step, {"done": False, "refusals": list(refused.refusals)})
        raise CommandError(str(refused), returncode=1)

    def _print(self, step: str, body: Mapping[str, Any]) -> None:
        schema = {"name": f"throughline.review.{step}", "version": 1}
        self.stdout.write(json.dumps({"schema": schema, **body}, indent=2, ensure_ascii=False))
