"""Variables with which a production start is content, for tests that spoil one of them."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "RISKDESK_ENV": "production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "BASE_URL": "https://desk.riskhouse.test",
    "TRUSTED_PROXIES": "1",
    "DATABASE_URL": "postgresql://app:pw@127.0.0.1:1/desk",
    "DATABASE_OWNER_URL": "postgresql://owner:pw@127.0.0.1:1/desk",
    "REDIS_URL": "redis://:pw@127.0.0.1:1/0",
    "MAIL_FROM": "Desk <desk@riskhouse.test>",
}


def run(*command: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A process of ours in exactly this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        env={**kept, "PYTHONWARNINGS": "ignore", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
