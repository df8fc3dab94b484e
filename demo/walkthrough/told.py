"""Counts of what a step of a walkthrough tells people, and whose turn it is then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from django.db.models import Max

from delivery.turns.parties import SIGN_OFF
from demo.walkthrough.outside import others_running
from demo.walkthrough.transcript import Transcript
from integrations.models import Outbound
from integrations.outbox.notification_emails import VERB
from routing.desk.waits import turns_in_words
from routing.models import Membership, Notification, Run, User, WorkItem
from routing.work.turns import turn_of, with_turns

Words = Notification.Words
# Clocks send these when their time comes, also between the steps that are counted.
BY_CLOCKS = (Words.WARNING, Words.BREACH, Words.ESCALATION)
# These follow from the worker's own steps. The act that publishes counts them.
BY_WORKER = ("mail.live", "mail.delivered")


class Told:
    """What the work of a run tells people from now on."""

    def __init__(self, run: Run) -> None:
        self._run = run.pk
        self._after = Notification.objects.aggregate(last=Max("pk"))["last"] or 0
        self._mail_after = Outbound.objects.aggregate(last=Max("pk"))["last"] or 0

    def of(self, run: Run) -> Told:
        """Count the work of this run instead, which began after the same moment."""
        self._run = run.pk
        return self

    def exactly(
        self,
        transcript: Transcript,
        wanted: Iterable[tuple[User, str]],
        client_emails: Iterable[str] = (),
    ) -> None:
        """
        Check that these people were notified with these words, and nobody else or twice.

        Each notification must be in one e-mail, with one e-mail for each person. Only beside
        another walkthrough may there be more: an e-mail that it is adding to is not waited for.

        :param client_emails: the e-mails to the client beside notifications, such as mail.receipt
        :raises StepFailed: at the first wrong count
        """
        rows = list(self._notifications())
        found = Counter((row.recipient, str(row.words)) for row in rows)
        expected = Counter((user, str(words)) for user, words in wanted)
        said = ", ".join(f"{user} ({Words(words).label})" for user, words in sorted_by_name(found))
        transcript.check(
            found == expected,
            f"notifications: {len(rows)}{', to ' if rows else ''}{said}",
            f"{_counts(found)} instead of {_counts(expected)}",
        )
        carried = emails_with(rows)
        people = {row.recipient_id for row in rows}
        count, to_client = len(set(carried)), Counter(self._client_emails())
        one_each = count == len(people) or (count > len(people) and others_running())
        transcript.check(
            one_each and len(carried) == len(rows) and to_client == Counter(client_emails),
            f"e-mails: {count + sum(to_client.values())}"
            + (f", among them {', '.join(sorted(to_client))} to the client" if to_client else ""),
            f"{count} with {len(carried)} notifications, and {dict(to_client)}",
        )

    def _notifications(self) -> Iterable[Notification]:
        mine = Notification.objects.filter(item__run=self._run, pk__gt=self._after)
        return mine.exclude(words__in=BY_CLOCKS).select_related("recipient").order_by("pk")

    def _client_emails(self) -> Iterable[str]:
        mine = Outbound.objects.filter(
            item__run=self._run, pk__gt=self._mail_after, verb__startswith="mail."
        )
        return mine.exclude(verb__in=BY_WORKER).values_list("verb", flat=True)


def emails_with(rows: Iterable[Notification]) -> list[int]:
    """Return the id of the e-mail for each notification, which may still be waiting."""
    found: list[int] = []
    for row in rows:
        emails = Outbound.objects.filter(
            verb=VERB, content__to=row.recipient_id, content__messages__contains=row.pk
        )
        found += emails.values_list("pk", flat=True)
    return found


def turn_is(transcript: Transcript, item: WorkItem, party: str, people: Collection[User]) -> None:
    """Check whose turn it is with a work item, by the table that the desk and portal read."""
    row = with_turns(WorkItem.objects.filter(pk=item.pk)).get()
    turn = turn_of(row)
    users = turn.party.people([row]).get(row.pk, ()) if turn else ()
    names = ", ".join(sorted(str(user) for user in people))
    [words] = turns_in_words([row])
    transcript.check(
        turn is not None
        and turn.party.code == party
        and set(users) == {user.pk for user in people},
        f"{row.ref} waits for {names}: {words.act}",
        f"{turn.key if turn else 'nobody'}, {sorted(users)}",
    )


def reviewers(author: User) -> list[User]:
    """Return everybody who may sign off the version of this author."""
    _app, codename = SIGN_OFF.split(".")
    able = User.objects.staff().filter(groups__permissions__codename=codename)
    return list(able.exclude(pk=author.pk).distinct())


def approvers(item: WorkItem) -> list[User]:
    """Return the people of the item's client who may approve in the portal."""
    rows = Membership.objects.filter(
        client=item.client_id,
        role=Membership.Role.APPROVER,
        contact__erased_at=None,
        contact__user__is_active=True,
    )
    return [user for row in rows.select_related("contact__user") if (user := row.contact.user)]


def sorted_by_name(found: Iterable[tuple[User, str]]) -> list[tuple[User, str]]:
    return sorted(found, key=lambda each: (str(each[0]), each[1]))


def _counts(found: Counter[tuple[User, str]]) -> str:
    words = [f"{found[each]} × {each[0]} {each[1]}" for each in sorted_by_name(found)]
    return ", ".join(words) or "none"
