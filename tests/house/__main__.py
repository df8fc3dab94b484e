"""`make check` asks here."""

import sys

from tests.house import names, rooms, rules, second_ways, words
from tests.house.state_writes import past_the_door
from tests.house.state_writes_allowed import ALLOWED

packages = [rooms.rooms_of(package) for package in rooms.PACKAGES]
print("\n".join(map(str, packages)))
found = [
    *rules.findings(rules.sources()),
    *rooms.findings(iter(packages)),
    *past_the_door(rules.sources(), ALLOWED),
    *second_ways.findings(rules.sources()),
    *words.openings(rules.sources()),
    *words.words(words.shown()),
    *names.names(rules.sources()),
]
print("\n".join(found) or "The rules of the house hold.")
sys.exit(bool(found))
