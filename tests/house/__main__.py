"""`make check` asks here."""

import sys

from tests.house import rooms, rules

packages = [rooms.rooms_of(package) for package in rooms.PACKAGES]
print("\n".join(map(str, packages)))
found = [*rules.findings(rules.sources()), *rooms.findings(iter(packages))]
print("\n".join(found) or "The rules of the house hold.")
sys.exit(bool(found))
