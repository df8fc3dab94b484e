"""Requests that are a person's own, and content that an erasure never rewrites."""

from __future__ import annotations

from django.db.models import Q

from delivery.deliverables.models import Deliverable
from delivery.deliverables.versions import Version, VersionFile
from delivery.requests.models import Request
from routing.audit.places import PUBLISHED, Person, spare, theirs
from routing.models import File, WorkItem

# Clients and their visitors saw this content, and approvals are bound to it.
SEEN = Deliverable.objects.filter(state__in=Deliverable.seen_states).values("version")


@theirs(Request)
def requests_of(person: Person) -> Q:
    return Q(contact=person.contact_id)


@theirs(WorkItem)
def work_of(person: Person) -> Q:
    return Q(as_request__contact=person.contact_id)


spare(Version, Q(pk__in=SEEN), PUBLISHED)
spare(VersionFile, Q(version__in=SEEN), PUBLISHED)
spare(File, Q(versions__version__in=SEEN), PUBLISHED)
