"""What a child says, as lines, without ever waiting for it.

Takes the read end of its pipe; gives complete lines as they come and remembers the last ones.
"""

import os
from collections import deque
from typing import IO

TAIL_LINES = 30
LAST_WORDS_LINES = 8
READ_BYTES = 65_536


class Output:
    def __init__(self, pipe: IO[bytes]) -> None:
        self.pipe = pipe
        self.descriptor = pipe.fileno()
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        self.at_end = False
        self._rest = b""
        os.set_blocking(self.descriptor, False)

    def read(self) -> list[str]:
        """The lines one read brings; blank ones are dropped. Sets `at_end` once the pipe is closed."""
        return self._lines_of(self._chunk())

    def drain(self) -> list[str]:
        """Everything that still lies in the pipe, an unfinished last line included."""
        lines = []
        while chunk := self._chunk():
            lines += self._lines_of(chunk)
        return lines + self._lines_of(b"\n")

    def last_words(self) -> str:
        """What was said at the end, as an addition to a sentence."""
        text = "\n  ".join(list(self.tail)[-LAST_WORDS_LINES:])
        return f" Its last words:\n  {text}" if text else ""

    def close(self) -> None:
        self.at_end = True
        self.pipe.close()

    def _chunk(self) -> bytes:
        if self.at_end:
            return b""
        try:
            chunk = os.read(self.descriptor, READ_BYTES)
        except BlockingIOError:
            return b""
        self.at_end = not chunk
        return chunk

    def _lines_of(self, chunk: bytes) -> list[str]:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > READ_BYTES:  # a line without end is shown in pieces
            whole, self._rest = [*whole, self._rest], b""
        lines = [text for line in whole if (text := line.decode(errors="replace").rstrip())]
        self.tail.extend(lines)
        return lines
