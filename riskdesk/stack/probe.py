"""`python -m riskdesk.stack.probe PORT`: does the process behind this port answer? For a container's health.

Takes a port of this machine; gives an exit code, and a sentence where it is not 0. Asks by a name out of
ALLOWED_HOSTS, because the web process answers to no other.
"""

import http.client
import sys

from riskdesk.env import read_environment
from riskdesk.stack.ports import LOOPBACK
from riskdesk.stack.readiness import known_name

PATIENCE_SECONDS = 2.0


def probe(port: int) -> str:
    """What is wrong; blank if it answers."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": known_name(read_environment().allowed_hosts)})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"port {port} does not answer: {error}"
    finally:
        connection.close()
    return "" if status == 200 else f"/healthz on port {port} answers {status}"


if __name__ == "__main__":
    sys.exit(probe(int(sys.argv[1])) or 0)
