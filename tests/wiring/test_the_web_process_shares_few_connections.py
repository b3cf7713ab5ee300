"""Many requests at once share a bounded pool, survive a restart of the database, and hang on no query."""

import json
import subprocess
import sys

import pytest

from tests.wiring.processes import ROOT, environment

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ASK = """
import json, os, psycopg, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
import asyncio
from asgiref.testing import ApplicationCommunicator
from riskdesk.asgi import application
from django.db import connection
from riskdesk.start import WEB_POOL

WEB_POOL["timeout"] = 60  # this machine may do much else

async def begin():
    server = ApplicationCommunicator(application, {"type": "lifespan"})
    await server.send_input({"type": "lifespan.startup"})
    assert (await server.receive_output(90))["type"] == "lifespan.startup.complete"
    return server

async def end(server):
    await server.send_input({"type": "lifespan.shutdown"})
    assert (await server.receive_output(90))["type"] == "lifespan.shutdown.complete"
    await server.wait(90)

loop = asyncio.new_event_loop()
server = loop.run_until_complete(begin())
barrier = Barrier(30)

def ask(question, values=()):
    try:
        with connection.cursor() as cursor:
            cursor.execute(question, values)
            return cursor.fetchall()
    finally:
        connection.close()  # as the end of a request does

def crowd(number):
    barrier.wait()
    return ask("SELECT pg_backend_pid(), pg_sleep(0.05)")[0][0]

with ThreadPoolExecutor(30) as threads:
    pids = set(threads.map(crowd, range(30)))
shown = ask("SHOW statement_timeout")[0][0]
with psycopg.connect(os.environ["DATABASE_URL"]) as beside:
    beside.execute("SELECT pg_terminate_backend(pid, 60000) FROM unnest(%s) AS pid", [list(pids)])
after = [ask("SELECT 1")[0][0] for _ in range(15)]
loop.run_until_complete(end(server))
print(json.dumps({"connections": len(pids), "most": WEB_POOL["max_size"], "timeout": shown, "after": after}))
"""


def test_a_crowd_shares_the_pool_and_dead_connections_are_not_handed_out():
    ended = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert 1 < found["connections"] <= found["most"]
    assert found["timeout"] == "5s"
    assert found["after"] == [1] * 15
