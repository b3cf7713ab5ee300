"""The same rows seen as what two people decide: terms, a client's class, trading hours.

Proxies, without columns of their own: the admin shows each under a name of its own beside the plain noun.
"""

from accounts.models import Asset, Client
from margin.models.market import Calendar, Instrument


class InstrumentTerms(Instrument):
    """What an instrument's requirement, caps and price guards rest on."""

    class Meta:
        proxy = True
        verbose_name = verbose_name_plural = "terms of instruments"


class AssetTerms(Asset):
    """How an asset moves in a shock, and to what a deposit of it is rounded up."""

    class Meta:
        proxy = True
        verbose_name = verbose_name_plural = "terms of assets"


class ClientClass(Client):
    """The class by which a client's caps and buffers are chosen."""

    class Meta:
        proxy = True
        verbose_name = "class of a client"
        verbose_name_plural = "classes of clients"


class TradingHours(Calendar):
    """When prices may be old without being in doubt."""

    class Meta:
        proxy = True
        verbose_name = verbose_name_plural = "trading hours"
