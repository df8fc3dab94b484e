"""Looking at what we wrote in an external system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """
    An object in an external system that we wrote, or that has our mark.

    ``object_key`` is the one in its mark, or empty without exactly one mark. ``status`` is the
    system's own word. ``seen`` is a digest of what the object holds now. ``texts`` are its texts as
    a version has them: title, slug, excerpt and body_html. ``raw`` is for the surveyor only.
    """

    object_type: str
    remote_id: str
    object_key: str
    url: str
    title: str
    status: str
    seen: str
    is_public: bool = False
    is_trashed: bool = False
    scheduled_at: datetime | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    raw: Any = field(default=None, compare=False, repr=False)

    @property
    def place(self) -> tuple[str, str]:
        return self.object_type, self.remote_id


class Surveyor(Protocol):
    """
    Looks for our objects in one external system, and changes nothing.

    Every method is called outside any transaction. A surveyor is its own context manager.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def marked(self, object_key: str = "") -> Iterator[RemoteObject]:
        """
        Yield every object that has the mark of ``object_key`` or, without one, any mark of ours.

        Includes the trash.

        :raises CallFailed: if the call fails
        """

    def read(self, object_type: str, remote_id: str) -> RemoteObject | None:
        """
        Return one object, also from the trash, or None if it was deleted permanently.

        :raises CallFailed: if the call fails
        """

    def copies_of_files(self, evidence: Mapping[str, Any]) -> Iterator[tuple[str, RemoteObject]]:
        """
        Yield each second copy of a file that belongs to an object, after the id of the first.

        :param evidence: of our last write of the object, see ``Written``
        :raises CallFailed: if a call fails
        """

    def edits(
        self, found: RemoteObject, content: Mapping[str, Any], evidence: Mapping[str, Any]
    ) -> Sequence[str]:
        """
        Return what others changed since we wrote ``content``, in words.

        :param evidence: of our last write, see ``Written``
        """
