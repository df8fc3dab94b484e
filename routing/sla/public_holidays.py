"""
Public holidays of a country, from the ``holidays`` library.

The library corrects its data now and then, so clocks keep a snapshot in their terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays


def countries() -> Mapping[str, list[str]]:
    """Return ISO 3166 codes of countries, each with the codes of its subdivisions."""
    return holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def public_holidays(
    country: str, subdivision: str, first_year: int, years: int
) -> Mapping[date, str]:
    """
    Return names by date, in English if the library has them, including observed days.

    The result is cached, so do not change it.

    :param country: ISO 3166-1 alpha-2; empty for none
    :param subdivision: such as ``ENG``; empty for holidays of the whole country
    :raises NotImplementedError: if the library does not know the country or subdivision
    """
    if not country:
        return {}
    wanted = range(first_year, first_year + years)
    found = holidays.country_holidays(
        country, subdiv=subdivision or None, years=wanted, language="en_US"
    )
    return {day: name for day, name in sorted(found.items()) if day.year in wanted}
