"""Files sent to be imported, kept between their difference and its confirmation.

Takes what was sent; gives it to who confirms it, or `Gone`. What nobody confirms is removed by housekeeping.
"""

import re
from pathlib import Path
from uuid import uuid4

from import_export.tmp_storages import BaseStorage

from margin.flow.housekeeping import uploads_folder

NAME = re.compile(r"[0-9a-f]{32}")


class Gone(Exception):
    """No such file waits: it was confirmed already, or waited too long."""


class Uploads(BaseStorage):
    """In the desk's own data folder: any web process can confirm what another has shown."""

    def save(self, data: bytes) -> None:
        folder = uploads_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.name = uuid4().hex
        self._path().write_bytes(data)

    def read(self) -> str | bytes:
        try:
            found = self._path().read_bytes()
        except FileNotFoundError:
            raise Gone from None
        return found if "b" in self.read_mode else found.decode(self.encoding or "utf-8")

    def remove(self) -> None:
        self._path().unlink(missing_ok=True)

    def _path(self) -> Path:
        if not NAME.fullmatch(self.name):
            raise Gone
        return uploads_folder() / self.name
