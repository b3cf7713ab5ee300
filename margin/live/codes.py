"""Why a socket is closed, as the page reads it."""

from enum import IntEnum

from accounts.sessions import NoSeat


class Close(IntEnum):
    RECONNECT = 4001
    BAD_FRAMES = 4400
    NOT_SIGNED_IN = 4401
    NOT_THIS_DESK = 4403
    TOO_SLOW = 4408
    TOO_MANY = 4429


NO_SEAT = {NoSeat.NOT_SIGNED_IN: Close.NOT_SIGNED_IN, NoSeat.NOT_THIS_DESK: Close.NOT_THIS_DESK}
