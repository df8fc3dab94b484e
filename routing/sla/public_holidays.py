"""
Public holidays of a country, from the ``holidays`` library, which corrects its data now and then:
take a snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays


def countries() -> Mapping[str, list[str]]:
    """ISO 3166 codes of countries, each with those of its subdivisions."""
    return holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def public_holidays(
    country: str, subdivision: str, first_year: int, years: int
) -> Mapping[date, str]:
    """
    Names by date, in English where the library has them; observed days are in. Do not change what
    you get.

    :param country: ISO 3166-1 alpha-2; empty for none
    :param subdivision: such as ``ENG``; empty for what the whole country keeps
    :raises NotImplementedError: if the library does not know the country or subdivision
    """
    if not country:
        return {}
    wanted = range(first_year, first_year + years)
    found = holidays.country_holidays(
        country, subdiv=subdivision or None, years=wanted, language="en_US"
    )
    return {day: name for day, name in sorted(found.items()) if day.year in wanted}
