"""Proof that work goes round: a worker writes a row for a message that the clock sent.

Takes the name of a queue, or the outbox's of a pass that came to its end; keeps one row for it. A worker that
lives but takes no messages writes none, and /readyz, the banner and the supervisor see the row grow old.
"""

import os
import socket

from django.db import connection

BEAT = """
    INSERT INTO margin_heartbeat (name, beaten_at, detail)
    VALUES (%(name)s, clock_timestamp(), jsonb_build_object('host', %(host)s::text, 'pid', %(pid)s::int))
    ON CONFLICT (name) DO UPDATE SET beaten_at = excluded.beaten_at, detail = excluded.detail
"""


def beat(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BEAT, {"name": name, "host": socket.gethostname(), "pid": os.getpid()})
