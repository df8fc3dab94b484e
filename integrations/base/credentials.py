"""A credential belongs to the origin that it was given for."""

from __future__ import annotations

from integrations.base.adapter import Permanent
from integrations.base.connections import Connection


def token_of(connection: Connection) -> str:
    """
    Return the token for a call, or an empty string if there is none.

    Every client asks here, so that no way of changing an address, not even SQL, sends a token to
    whoever the new address belongs to.

    :raises Permanent: if the address leads to another origin than when the token was given
    """
    if connection.token and connection.token_origin != connection.calls_origin:
        raise Permanent(
            "The address of this connection has changed since its token was set, so nothing is "
            "sent. Set the token again with `manage.py connect … --token-file`."
        )
    return str(connection.token.first())
