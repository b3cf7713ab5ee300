"""What is imposed, laid over what a run measured: the control of each account in the newest frame.

Takes a frame and what is in force as it is written; gives the frame with its column of controls. It is no
figure of the run: a run that is computed again says nothing of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from margin.book.controls import Controls
from margin.book.frame import Frame, places_where
from margin.book.packed import Column, packed_words
from margin.book.read import place_of
from margin.engine.verdict import Control
from margin.models import Restriction

RANKS = list(Control)
"""From open to frozen: of several, the tightest."""
Scope = Restriction.Scope


def with_control(frame: Frame, controls: Controls, now: datetime) -> Frame:
    """Only those are looked for that are held back: there may be a hundred thousand others."""
    if controls.is_empty or not frame.accounts:
        return frame
    codes = frame.accounts["account"]
    order = codes.order if isinstance(codes, Column) else None
    ranks = np.zeros(codes.packed.count if isinstance(codes, Column) else len(codes), dtype=np.int64)
    for scope, code, rank in _holding(controls, now):
        rows = _rows(frame, scope, code)
        lying = rows if order is None or scope == Scope.ACCOUNT else order[rows]
        ranks[lying] = np.maximum(ranks[lying], rank)
    words = [control.value for control in RANKS]
    column: Sequence[str] = [words[rank] for rank in ranks.tolist()]
    if isinstance(codes, Column):
        column = Column(packed_words(words, ranks), order)
    return replace(frame, accounts={**frame.accounts, "control": column})


def _holding(controls: Controls, now: datetime) -> Iterator[tuple[str, str, int]]:
    """Scope, code and rank; what is on an instrument or a venue is on no account as such."""
    for (scope, _, code), imposed in controls.by_key.items():
        rank = max((RANKS.index(one.control) for one in imposed if one.holds(now)), default=0)
        if rank and scope not in (Scope.INSTRUMENT, Scope.VENUE):
            yield scope, code, rank
    for code in controls.inactive:
        yield Scope.ACCOUNT, code, RANKS.index(Control.REDUCE_ONLY)


def _rows(frame: Frame, scope: str, code: str) -> NDArray[np.int64]:
    """Places in the order of the frame; of a single account where its row lies."""
    if scope == Scope.ACCOUNT:
        at = place_of(frame, code)
        return np.array([] if at is None else [at], dtype=np.int64)
    wanted = {} if scope == Scope.ALL else {str(scope): {code}}
    return np.array(places_where(frame.accounts, wanted), dtype=np.int64)
