"""A worker that cannot tell the broker of a finished task connects anew, instead of waiting for ever."""

from types import SimpleNamespace

import pytest
from celery.worker import strategy
from kombu.asynchronous import Hub, set_event_loop
from redis.exceptions import ConnectionError as BrokerLost

from margin import tasks
from riskdesk.celery import app
from riskdesk.received import ReceivedMessage


class Message:
    """Kombu's, as far as a request looks at it; the broker it came from is gone."""

    def __init__(self) -> None:
        self.headers = {"id": "one", "task": tasks.beat.name}
        self.payload = ([], {}, {})
        self.body = self.payload
        self.content_type = "application/json"
        self.content_encoding = "utf-8"
        self.delivery_info = {}
        self.properties = {}

    def tell(self, logger, errors, requeue=False):
        try:
            raise BrokerLost("connection closed")
        except errors:
            return


@pytest.fixture
def loop():
    hub = Hub()
    set_event_loop(hub)
    yield hub
    set_event_loop(None)
    hub.close()


def received() -> ReceivedMessage:
    message = Message()
    return ReceivedMessage(
        message,
        app=app,
        task=tasks.beat,
        eventer=SimpleNamespace(enabled=False, send=lambda *_, **__: None),
        on_ack=message.tell,
        on_reject=message.tell,
        connection_errors=(BrokerLost,),
        hostname="risk@test",
    )


@pytest.mark.parametrize("verb", ["acknowledge", "reject"])
def test_a_failed_word_to_the_broker_breaks_the_loop_so_that_the_worker_connects_anew(loop, verb):
    request = received()
    getattr(request, verb)()
    assert request.acknowledged
    with pytest.raises(BrokerLost):
        loop.run_once()


@pytest.mark.parametrize("task", [tasks.recompute, tasks.beat])
def test_the_worker_receives_its_messages_as_such(task):
    assert strategy.symbol_by_name(task.Request) is ReceivedMessage
