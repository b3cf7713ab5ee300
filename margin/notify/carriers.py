"""The ways out of the outbox, by channel: the one place that knows them all.

A further way is a module with its carrier, a line here, and its channel in `margin.models.alerts`.
"""

from collections.abc import Callable

from margin.models import Delivery
from margin.notify.carrier import Carrier
from margin.notify.postman import Postman

CARRIERS: dict[str, Callable[[], Carrier]] = {
    Delivery.Channel.MAIL: Postman,
}
