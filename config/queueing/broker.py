"""
Valkey as a broker: a worker that could not take leave of a message takes the next one all the same.
"""

from __future__ import annotations

from kombu.transport import redis, virtual
from redis.exceptions import ConnectionError as Broken
from redis.exceptions import TimeoutError as Silent


class ForgivingQoS(redis.QoS):
    """
    Counts what a worker holds, and how much more it may take.

    Kombu goes on counting a message whose acknowledgement got no answer, and so a worker that may
    hold one never asks for another: one freeze of Valkey longer than ``socket_timeout`` ended all
    work until somebody started the workers again. Here it is held no more. Valkey hands it out a
    second time once its visibility runs out, which every task bears.

    Kombu 5.7.0 still does: ``QoS.ack`` asks Redis first and forgets the message only after an
    answer. What celery/kombu#2007 mended is another case, a connection that was lost and made
    anew. It costs nothing while Redis answers. tests/journeys/test_broker.py freezes a Valkey, and
    comes to no end without this class.
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


def forgive() -> None:
    """
    Put it in place of kombu's for this process.

    Celery names its transport by an alias and offers no setting for this attribute of the channel.
    """
    redis.Channel.QoS = ForgivingQoS
