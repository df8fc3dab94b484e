"""`make check` asks here."""

import sys

from tests.house.rules import findings, sources
from tests.house.words import openings, shown, words

found = [*findings(sources()), *openings(sources()), *words(shown())]
print("\n".join(found) or "The rules of the house hold.")
sys.exit(bool(found))
