"""One finding of a run, and whom it is about: what is compared, written down and put into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from margin.engine.figures import Finding, Level, PoolFigures
from margin.engine.measures import AnyKind
from margin.flow.clients import ClientFigures
from margin.flow.recompute import Measured


@dataclass(frozen=True, slots=True)
class Found:
    """`currency` only of caps, `kind` of those that are set as limits; `level` only of margin levels."""

    rule: str
    finding: Finding
    desk_id: int
    client: ClientFigures
    measured: Measured | None = None
    pool: PoolFigures | None = None
    instrument: str = ""
    cap_class: str = ""
    kind: AnyKind | None = None
    currency: str = ""
    limit_id: int | None = None
    level: Level | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.finding.subject
