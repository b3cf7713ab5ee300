"""Are the desk's doors free? Asked before anything is installed or made, so that a refusal costs nothing.

`python -m riskdesk.stack.entrance` is what `make run` asks first: any Python 3.11 does, without a package.
Takes the environment; gives nothing, or one sentence with who stands in the way and the command to use.
"""

import os
import sys

from riskdesk.env import BadEnvironment, Environment, read_environment
from riskdesk.stack.found import running_pid
from riskdesk.stack.lock import in_use
from riskdesk.stack.ports import free_above, is_taken, listener
from riskdesk.stack.trouble import Trouble


def demand_entrance(chosen: Environment, *, command: str) -> None:
    """Refuse to start where another program has a port of ours: both are looked at, and both are said."""
    ports = {"PORT": chosen.port, "GATE_PORT": chosen.gate_port}
    taken = [name for name, port in ports.items() if is_taken(port, host=chosen.host, variable=name)]
    if not taken:
        return
    if holder := running_pid(chosen.data_dir):
        raise in_use(chosen.data_dir, holder)
    first, *others = (f"{ports[name]} is already in use{_owner(ports[name])}" for name in taken)
    free = {n: free_above(p, host=chosen.host) if n in taken else p for n, p in ports.items()}
    others_said = "".join(f", port {one}" for one in others)
    choice = " ".join(f"{name}={port}" for name, port in free.items())
    raise Trouble(f"Port {first}{others_said}: stop what runs there, or take other ports: {choice} {command}")


def _owner(port: int) -> str:
    owner = listener(port)
    return f" by {owner}" if owner else ""


if __name__ == "__main__":
    try:
        demand_entrance(read_environment(os.environ), command="make run")
    except (Trouble, BadEnvironment) as refused:
        sys.exit(f"riskdesk: {refused}")
