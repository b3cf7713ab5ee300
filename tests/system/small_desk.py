"""The desk's launcher with small programs for children: all its behaviour, none of Django's boot.

`web` answers /readyz. `worker` has children of its own, one of them in a session apart, and shows a sign of
work ten times a second. `stubborn` refuses TERM, for which it has GRACE seconds, and never shows any sign.
Signs count where DEAF sets a limit.
"""

import os
import sys
from collections.abc import Mapping

from riskdesk.env import Environment
from riskdesk.stack import desk
from riskdesk.stack.child import Part
from riskdesk.stack.places import Places

WEB = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def log_message(self, *words): pass
print("i am", __import__("os").getpid(), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""
WORKER = """
import os, signal, subprocess, sys, time
child = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
# one grandchild in our group, one that left it
for apart in (False, True):
    subprocess.Popen([sys.executable, "-c", child], start_new_session=apart)
print("i am", os.getpid(), flush=True)
for _ in range(6000):
    open(sys.argv[1], "w").close()
    time.sleep(0.1)
"""
STUBBORN = "import os,signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + (
    'print("i am", os.getpid(), flush=True); time.sleep(600)'
)


def parts(chosen: Environment, places: Places, variables: Mapping[str, str]) -> list[Part]:
    deaf = float(os.environ.get("DEAF", "0"))
    return [
        Part(name="web", command=[sys.executable, "-c", WEB, str(chosen.port)], environment=variables),
        Part(
            name="worker",
            command=[sys.executable, "-c", WORKER, str(places.data / "worked")],
            environment=variables,
            heartbeat=places.data / "worked" if deaf else None,
            deaf_after_seconds=deaf,
        ),
        Part(
            name="stubborn",
            grace_seconds=float(os.environ.get("GRACE", "5")),
            command=[sys.executable, "-c", STUBBORN],
            environment=variables,
            heartbeat=places.data / "never" if deaf else None,
            deaf_after_seconds=deaf,
        ),
    ]


if __name__ == "__main__":
    desk.desk_parts = parts
    desk.prepare_database = lambda *arguments, **options: None
    sys.exit(desk.main(sys.argv[1:]))
