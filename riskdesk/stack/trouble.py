"""One clear sentence for a start that cannot go on; the commands print it and exit with 1."""

import errno


class Trouble(Exception):
    """A start-up fault whose text says what is wrong and what to do about it."""


def explain(error: OSError, *, doing: str, otherwise: str = "") -> Trouble:
    """Turn an operating system error into a sentence about what we were doing.

    `otherwise` is what to do about one that is none of the usual.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble(f"The disk is full while {doing}: free some space or choose another DATA_DIR.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble(
            f"Permission denied while {doing} ({error.filename}): choose a DATA_DIR this account may write, "
            "or start as the account that owns it."
        )
    if error.errno == errno.EROFS:
        return Trouble(f"The file system is read-only while {doing}: choose another DATA_DIR.")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return Trouble(
            f"There is a file where a folder is needed while {doing} ({error.filename}): "
            "move it away or choose another DATA_DIR."
        )
    advice = f": {otherwise}" if otherwise else ""
    return Trouble(f"Could not go on while {doing}: {error.strerror or error} ({error.filename}){advice}.")
