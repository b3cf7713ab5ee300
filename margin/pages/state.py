"""How the engine room does: heartbeats, what waits, was parked or refused. Takes a desk; gives plain data."""

from datetime import timedelta
from typing import Any

from django.db.models import Sum

from accounts.models import Desk
from margin.models import Heartbeat, PriceRefusal, ShardState
from riskdesk import clock

REFUSALS_COUNT_FOR = timedelta(hours=1)


def engine_state(desk: Desk) -> dict[str, Any]:
    """Times are instants, so that the page can let ages grow by itself."""
    now = clock.now()
    shards = ShardState.objects.filter(shard__clients__desk=desk).distinct()
    waiting = [state.wanted_at for state in shards if state.wanted_at]
    parked = [state.parked_reason or "parked" for state in shards if state.parked_at]
    refused = PriceRefusal.objects.filter(last_at__gte=now - REFUSALS_COUNT_FOR).aggregate(count=Sum("count"))
    return {
        "now": now.isoformat(),
        "heartbeats": {beat.name: beat.beaten_at.isoformat() for beat in Heartbeat.objects.order_by("name")},
        "waiting_since": min(waiting).isoformat() if waiting else None,
        "parked": parked,
        "refused": refused["count"] or 0,
    }
