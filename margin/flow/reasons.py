"""Why an alert was raised: the names that pages, mails and tests speak of."""

from enum import StrEnum


class AlertReason(StrEnum):
    BREACH_OPENED = "breach_opened"
    BREACH_REOPENED = "breach_reopened"
    LIMIT_NEAR = "limit_near"
    CAP_MISSING = "cap_missing"
    MARGIN_CALL = "margin_call"
    LIQUIDATION = "liquidation"
    FIGURE_UNKNOWN = "figure_unknown"
    PRICE_IN_DOUBT = "price_in_doubt"
    FEED_SILENT = "feed_silent"
    SHARD_PARKED = "shard_parked"
    DELIVERY_FAILED = "delivery_failed"  # raised by the outbox for a mail it gives up
