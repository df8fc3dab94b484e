"""
Valkey as a broker.

A worker whose acknowledgement of a message failed still takes the next one.
"""

from __future__ import annotations

from kombu.transport import redis, virtual
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import TimeoutError as Silent


class ForgivingQoS(redis.QoS):
    """
    Counts the messages that a worker holds, and so how many more it may take.

    If an acknowledgement gets no answer, kombu counts the message as held for ever. A worker that
    may hold one message then never asks for another. So a freeze of Valkey longer than
    ``socket_timeout`` stopped all work until the workers were restarted. Here, such a message is
    released. Valkey delivers it again after its visibility time-out, which every task tolerates.

    Kombu 5.7.0 still has the fault: ``QoS.ack`` calls Redis first and forgets the message only
    after an answer. celery/kombu#2007 fixed another case, that of a lost and reopened connection.
    While Redis answers, this class costs nothing. tests/journeys/test_broker.py freezes a Valkey,
    and never ends without this class.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except (Broken, Silent):
            virtual.QoS.ack(self, delivery_tag)
            raise  # to Celery, which logs it

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        except (Broken, Silent):
            virtual.QoS.ack(self, delivery_tag)
            raise


def install() -> None:
    """
    Replace kombu's class in this process.

    Celery selects a transport by an alias and has no setting for this attribute of its channel.
    """
    redis.Channel.QoS = ForgivingQoS
