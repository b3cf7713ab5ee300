"""Step 5, deliver: say that something is new, after the commit.

Takes a committed frame; gives a hint to every desk of the shard. Letters lie in the outbox already and are
sent by `margin.notify.outbox`. Nothing here is lost if it fails: the beat and the next run heal a hint.
"""

import structlog

from margin.book.frame import Frame, write_frame
from margin.notify.hints import send_hints

log = structlog.get_logger(__name__)


def deliver(frame: Frame, *, alerts: bool) -> None:
    """Swap the frame, then tell. One that cannot be written (a full disk) is said, and shown by its age."""
    try:
        write_frame(frame)
    except OSError as error:
        log.error("frame.not_written", shard=frame.shard, seq=frame.seq, error=str(error))
    send_hints(sorted(frame.desks), frame.shard, frame.seq, frame.run, alerts=alerts)
