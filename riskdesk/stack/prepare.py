"""Makes the database fit the code before the children need it, and only when something changed.

Runs `manage.py prepare` (migrations, demo data) with the owner's URL. A fingerprint of migrations, locked
packages and demo is kept beside the embedded cluster, so that an ordinary start skips a Django boot; a
database somebody else runs is asked every time.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from riskdesk.stack.child import Part
from riskdesk.stack.parts import MANAGE, ROOT
from riskdesk.stack.places import Places, write_private
from riskdesk.stack.services import Services
from riskdesk.stack.supervisor import Supervisor
from riskdesk.stack.trouble import Trouble


def prepare_database(
    supervisor: Supervisor, places: Places, services: Services, variables: Mapping[str, str], *, demo: bool
) -> None:
    """Migrate and seed if the code asks for anything the database has not had."""
    stamp = places.services / "prepared"
    wanted = fingerprint(ROOT, demo=demo)
    if services.embedded_database and stamp.exists() and stamp.read_text() == wanted:
        return
    supervisor.console.say("desk", "bringing the database up to date")
    named = {name: value for name, value in variables.items() if name != "DATABASE_URL_FILE"}
    owner = {**named, "DATABASE_URL": services.variables["DATABASE_OWNER_URL"]}
    ended = supervisor.run_to_end(
        Part(name="prepare", command=[*MANAGE, "prepare"], environment=owner, folder=ROOT)
    )
    if ended.process.returncode != 0:
        raise Trouble(f"The database could not be brought up to date.{ended.output.last_words()}")
    write_private(stamp, wanted)


def fingerprint(root: Path, *, demo: bool) -> str:
    """Changes whenever a migration, a locked package or the demo's wish does."""
    digest = hashlib.sha256(f"demo={demo}".encode())
    for path in (root / "requirements.txt", *sorted(root.glob("*/migrations/*.py"))):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
