"""Template filters for pages of versions."""

from django import template

from delivery.deliverables.versions import Version

register = template.Library()


@register.filter
def field_name(name: str) -> str:
    """Return the label of a field of a version."""
    return str(Version._meta.get_field(name).verbose_name).capitalize()  # type: ignore[union-attr]  # fields of versions have one
