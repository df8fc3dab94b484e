"""`make check` asks here."""

import sys

from tests.house.rules import findings, sources

found = findings(sources())
print("\n".join(found) or "The rules of the house hold.")
sys.exit(bool(found))
