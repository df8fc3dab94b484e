"""The formats that ``routing.work.display`` and all templates use, with the zone."""

DATE_FORMAT = "D j M Y"
DATETIME_FORMAT = "D j M Y, H:i T"
TIME_FORMAT = "H:i"
