"""Checkpoints: how far the audit chain had come, written down outside the database.

Takes the newest seal's number and digest; keeps one signed file a day under the data folder, replaced as a
whole. A database whose last rows were cut off no longer reaches its checkpoints. Never raises when the disk
is full or closed: the seal stands, and the log says that its checkpoint does not.
"""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings

from riskdesk import clock

log = structlog.get_logger(__name__)
FOLDER = "audit"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    name: str
    number: int
    digest: str
    genuine: bool


def folder() -> Path:
    return Path(settings.ENV.data_dir) / FOLDER


def write_checkpoint(*, number: int, digest: str, key: bytes) -> None:
    now = clock.now()
    words = {"number": number, "digest": digest, "at": now.isoformat()}
    target = folder() / f"{now:%Y-%m-%d}.json"
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(target, json.dumps(words | {"mac": _mac(words, key)}))
    except OSError as error:
        log.error("audit.checkpoint_not_written", file=str(target), error=str(error))


def read_checkpoints(keys: list[bytes]) -> list[Checkpoint]:
    """All of them, by day; one that cannot be read or was not signed by us is not genuine."""
    return [_read(path, keys) for path in sorted(folder().glob("*.json"))] if folder().is_dir() else []


def _read(path: Path, keys: list[bytes]) -> Checkpoint:
    try:
        words = json.loads(path.read_text())
        mac, number, digest = words.pop("mac"), int(words["number"]), str(words["digest"])
        genuine = any(hmac.compare_digest(mac, _mac(words, key)) for key in keys)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Checkpoint(path.name, 0, "", genuine=False)
    return Checkpoint(path.name, number, digest, genuine=genuine)


def _mac(words: dict[str, object], key: bytes) -> str:
    text = json.dumps(words, sort_keys=True).encode()
    return hmac.new(key, b"checkpoint\n" + text, hashlib.sha256).hexdigest()


def _replace(target: Path, text: str) -> None:
    """As a whole: a crash leaves the old file or the new one, never half of either."""
    part = target.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
