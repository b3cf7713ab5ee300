"""The ways out of the outbox, by channel: the one place that knows them all.

A further way is its channel in `margin.models.alerts` with a migration, a module with its carrier and a line
here, and its line in `letters.py`, which says who gets a row on it.
"""

from collections.abc import Callable

from margin.models import Delivery
from margin.notify.carrier import Carrier
from margin.notify.postman import Postman

CARRIERS: dict[str, Callable[[], Carrier]] = {
    Delivery.Channel.MAIL: Postman,
}
