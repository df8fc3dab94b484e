"""
Public holidays of a country, from the ``holidays`` library.

The library corrects its data now and then, so clocks keep a snapshot in their terms.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import date
from functools import lru_cache

import holidays
from holidays.registry import COUNTRIES

COMPARED = range(2025, 2031)  # years with every holiday that moves, on working days and weekends


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


def open_ended(country: str, subdivision: str) -> Container[date]:
    """
    Return the holidays of all years, to ask about single dates.

    :raises NotImplementedError: see ``public_holidays``
    """
    if not country:
        return ()
    return holidays.country_holidays(country, subdiv=subdivision or None)


@lru_cache(maxsize=256)
def misses_days(country: str) -> bool:
    """
    Return whether the national list is right nowhere: every subdivision has more days off.

    So it is with GB, whose list has no Easter Monday, because Scotland has none.
    """
    national = {*public_holidays(country, "", COMPARED.start, len(COMPARED))}
    parts = countries().get(country, [])
    return bool(parts) and all(
        {*public_holidays(country, part, COMPARED.start, len(COMPARED))} - national
        for part in parts
    )


@lru_cache(maxsize=1)
def country_names() -> Mapping[str, str]:
    """Return the English names of countries by code, in the order of the names."""
    known = countries()
    found = {}
    for module, (_class, code, *_more) in COUNTRIES.items():
        if code in known:
            words = [word if word in {"and", "of"} else word.title() for word in module.split("_")]
            found[code] = " ".join(words)
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


@lru_cache(maxsize=256)
def subdivision_names(country: str) -> Mapping[str, str]:
    """Return the names of a country's subdivisions by code. The code stands for a missing name."""
    aliases = holidays.country_holidays(country).get_subdivision_aliases()
    return {part: (aliases.get(part) or [part])[0] for part in countries().get(country, [])}
