"""
A worker as a process of its own, to be killed: ``python -m tests.journeys.worker CLIENT_ID`` works
until nothing is due.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import django

django.setup()

from routing.models import Client  # noqa: E402  # models need the apps
from tests.journeys.crm import FakeCRM, answering  # noqa: E402
from tests.journeys.test_lead_to_brief import work  # noqa: E402
from tests.world import NOW  # noqa: E402

if __name__ == "__main__":
    with answering(FakeCRM(Client.objects.get(pk=int(sys.argv[1])))):
        print("ready", flush=True)
        for minutes in range(0, 400, 4):  # time passes, so that the leases of the killed run out
            work(NOW + timedelta(minutes=minutes))
