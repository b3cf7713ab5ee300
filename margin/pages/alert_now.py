"""How that stands now which an alert is about, beside what was so when it was raised.

Takes alerts; gives each with the word of the newest run on its account or client. Changes nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from margin import formats
from margin.book.read import account_row, client_rows, position_rows
from margin.engine.figures import Level
from margin.engine.types import ISOLATED
from margin.flow.cap_states import UNKNOWN, WORST_FIRST
from margin.models import Alert, Breach

CALLED = (Level.MARGIN_CALL.word, Level.LIQUIDATION.word)
NOT_OVER = "; it ends once it is a little further inside"
"""An alert outlasts the line it is about by a margin, so that noise at the line raises and ends nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An alert with its text in two: what was so when it was raised, and what stands behind it.

    `now`: how the account or client it is about stands in the newest run, where one can tell.
    """

    alert: Alert
    lead: str
    rest: str
    now: str = ""
    now_at: str = ""


def entries(alerts: Sequence[Alert]) -> list[Entry]:
    """With how things stand, read once for all: rows of those they are about, not of the whole book."""
    clients: dict[int, set[str]] = defaultdict(set)
    for alert in filter(_stands, alerts):
        if alert.sub_account is None and alert.client is not None:
            clients[alert.client.shard_id].add(alert.client.code)
    owned: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for shard, codes in clients.items():
        for row in client_rows(shard, *codes):
            owned[row["client"]].append(row)
    return [entry(alert, _about(alert, owned) if _stands(alert) else ()) for alert in alerts]


def _stands(alert: Alert) -> bool:
    return alert.breach is not None and alert.state != Alert.State.RESOLVED


def _about(alert: Alert, owned: Mapping[str, Sequence[Mapping[str, Any]]]) -> Sequence[Mapping[str, Any]]:
    """The rows it is about: of its sub-account, else of its client's; none of a whole desk's."""
    if alert.sub_account is None:
        return owned.get(alert.client.code, ()) if alert.client is not None else ()
    row = account_row(alert.sub_account.code)
    return (row,) if row is not None else ()


def entry(alert: Alert, about: Sequence[Mapping[str, Any]] = ()) -> Entry:
    """`about` are the rows of whom it is about; blank where nothing is to be said of now."""
    lead, _, rest = alert.text.partition("\n\n")
    if alert.breach is None or not about:
        return Entry(alert, lead, rest)
    return Entry(alert, lead, rest, _now(alert.breach, about), about[0]["at"])


def _now(breach: Breach, about: Sequence[Mapping[str, Any]]) -> str:
    """A level by its own pool, a cap by the worst of the rows it concerns."""
    row = about[0]
    if breach.rule == Breach.Rule.MARGIN_LEVEL:
        return _pool_now(breach.subject.partition("/")[2], row)
    if breach.rule == Breach.Rule.UNKNOWN_FIGURE:
        return formats.level(row["level"])
    state = min((row["cap_state"] for row in about), key=WORST_FIRST.index)
    if state in formats.CAP_STATES:
        return formats.CAP_STATES[state][1].lower()
    return "cannot be told" if state == UNKNOWN else f"inside its caps{NOT_OVER}"


def _pool_now(pool: str, row: Mapping[str, Any]) -> str:
    """The row tells the use of the pool that binds; of another only its level is known."""
    first, level = row["binding_pool"] == pool, row["level"]
    if not first and level != Level.UNKNOWN.word:
        levels = [each["pool_level"] for each in position_rows(row["account"]) if each["pool"] == pool]
        if not levels:
            return "its position is closed" if pool.startswith(ISOLATED) else "no position leans on it"
        level = levels[0] or Level.UNKNOWN.word
    used = f", {formats.percent(row['utilisation'])} used" if first and row["utilisation"] else ""
    holds = level in CALLED or pool.startswith(ISOLATED)
    return f"{formats.level(level)}{used}{'' if holds else NOT_OVER}"
