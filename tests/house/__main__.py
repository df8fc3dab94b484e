"""`make check` asks here."""

import sys

from tests.house.rules import findings, sources
from tests.house.state_writes import past_the_door
from tests.house.state_writes_allowed import ALLOWED

found = [*findings(sources()), *past_the_door(sources(), ALLOWED)]
print("\n".join(found) or "The rules of the house hold.")
sys.exit(bool(found))
