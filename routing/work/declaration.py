"""The declaration of an operation, as buttons, documents, checks and the door read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar, Generic, Required, TypedDict, TypeVar

from django.db import models

from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.work.gates import Gate, Words, has_reason, holds_role, not_held

D = TypeVar("D")

# Details are None for a button.
Facts = Callable[[Sequence[Any], Actor, datetime, D | None], Mapping[int, Any]]


class Options(TypedDict, total=False):
    """Options of any operation, described at ``Declaration``."""

    done: Required[Words]
    may: tuple[Role, ...]
    contacts: tuple[str, ...]
    becomes: tuple[str, ...]
    through_hold: bool
    needs_reason: bool
    for_gates: tuple[str, ...]
    system: bool
    danger: bool


@dataclass(frozen=True, eq=False)
class Declaration(Generic[D]):
    """
    One verb of one noun: its permission, gates and label. Buttons, bulk actions, documents and
    tests read it.

    ``facts`` loads what the gates need, once for the batch. ``system`` operations have no button;
    reactions call them.

    ``details`` is the frozen dataclass that a caller passes besides the reason, and None if there
    is nothing to pass. The verb takes its fields by keyword, except those in ``for_gates``. If
    ``run`` passes something else to the verb, ``verb_details`` is the class of that.
    """

    # Django's templates call what can be called. One that shows the label must not run the step.
    do_not_call_in_templates: ClassVar[bool] = True

    model: type[models.Model]
    verb: str
    label: Words
    may: tuple[Role, ...] = ()
    # Roles of a membership. Contacts with one of them may call this for work of that client.
    contacts: tuple[str, ...] = ()
    # Verbs that ``run`` may call instead of this one, depending on the facts.
    becomes: tuple[str, ...] = ()
    gates: tuple[Gate[Any], ...] = ()
    facts: Facts[Any] | None = None
    through_hold: bool = False
    needs_reason: bool = False
    details: type[D] | None = None
    verb_details: type[Any] | None = None
    for_gates: tuple[str, ...] = ()
    run: Callable[..., Any] | None = None
    system: bool = False
    danger: bool = False
    done: Words = ""  # a past-tense sentence for the activity, such as “%(who)s approved the brief”

    @property
    def app(self) -> str:
        return self.model._meta.app_label

    @cached_property
    def permission(self) -> str:
        return f"{self.app}.{self.verb}_{self.model._meta.model_name}"

    @cached_property
    def kind(self) -> str:
        """Return the kind of the events that it records."""
        return f"{self.app}.{self.model._meta.model_name}.{self.verb}"

    @cached_property
    def all_gates(self) -> tuple[Gate[Any], ...]:
        # The reason comes last: nobody should have to write one for a step that is refused anyway.
        hold = () if self.through_hold else (not_held,)
        role = (partial(holds_role, self.contacts),) if self.contacts else ()
        reason = (has_reason,) if self.needs_reason else ()
        return (*role, *hold, *self.gates, *reason)

    def check(self, details: object, *, for_verb: bool = False) -> None:
        """
        :param for_verb: check against ``verb_details``, if there are any
        :raises TypeError: if these are not the details that the operation takes
        """
        takes: type[Any] | None = self.details
        if for_verb and self.verb_details:
            takes = self.verb_details
        if not isinstance(details, takes or type(None)):
            wanted = takes.__name__ if takes else "no details"
            raise TypeError(f"{self.kind} takes {wanted}, not {type(details).__name__}.")

    def keywords(self, details: Any) -> Mapping[str, Any]:
        """Return the details as the keywords that the verb takes."""
        given = () if details is None else fields(details)
        return {
            each.name: getattr(details, each.name)
            for each in given
            if each.name not in self.for_gates
        }

    def require(self, by: Actor) -> None:
        """:raises PermissionDenied: if ``by`` may not do this at all"""
        if not self.open_to(by):
            by.require(
                self.permission,
                to=f"{self.verb.replace('_', ' ')} {self.model._meta.verbose_name_plural}",
            )

    def open_to(self, by: Actor) -> bool:
        return by.may(self.permission) or bool(self.contacts and by.clients_as(*self.contacts))
