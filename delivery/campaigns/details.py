"""Details of the operations on a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class MoveCampaignDetails:
    launch: date


@dataclass(frozen=True, slots=True)
class AdoptLaunchDetails:
    """``launches`` maps the id of each request to the launch date of its brief."""

    launches: Mapping[int, date]
