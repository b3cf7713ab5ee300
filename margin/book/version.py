"""Which engine computed a figure: a hash of the engine's own source.

Two runs of one version give the same bytes from the same inputs; a change of a single character in the
engine is another version.
"""

import hashlib
from functools import cache
from pathlib import Path

import margin.engine


@cache
def engine_version() -> str:
    """Twelve characters, read once per process."""
    folder = Path(margin.engine.__file__).parent
    seen = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        seen.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return seen.hexdigest()[:12]
