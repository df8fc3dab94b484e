"""
Sessions that the database cannot give away.

Whoever reads the table, or a backup of it, finds neither the key of a cookie nor what is kept for
it: sign-in codes, keys of password resets, the secret of a second factor while it is set up.
"""

from __future__ import annotations

import contextlib
from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from config.accounts.boxes import box, digest


class SessionStore(db.SessionStore):
    """Django's table, with a digest of the key and encrypted data."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        return box().encrypt(self.serializer().dumps(session_dict)).decode("ascii")

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        with contextlib.suppress(InvalidToken):
            found: dict[str, Any] = self.serializer().loads(box().decrypt(session_data))
            return found
        return {}  # under a key that is gone, or from before sessions were encrypted

    def exists(self, session_key: str) -> bool:
        return super().exists(_kept(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        made = super().create_model_instance(data)
        assert isinstance(made, Session)
        made.session_key = _kept(made.session_key)
        return made

    def _get_session_from_db(self) -> Session | None:
        known = self.model.objects.filter(expire_date__gt=timezone.now())
        row = known.filter(session_key=_kept(str(self.session_key))).first()
        if not isinstance(row, Session):
            self._session_key = None
            return None
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=_kept(key)).delete()


def _kept(key: str) -> str:
    return digest("session", key)
