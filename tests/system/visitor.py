"""A person of the demo before the real desk: signs in by the form, reads pages, keeps a tab's socket open."""

import json
import threading
import time
from collections.abc import Callable
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from riskdesk.demo_people import PASSWORD
from tests.system.running import PATIENCE_SECONDS, until

AGAIN_SECONDS = 0.2


def status_of(address: str) -> int:
    """What an address answers; 0 while nobody does."""
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code
    except (URLError, OSError):
        return 0


class Visitor:
    def __init__(self, base: str, name: str) -> None:
        self.base = base
        self.jar = CookieJar()
        self.opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(self.jar))
        self.read("/accounts/login/")
        form = {"login": name, "password": PASSWORD, "csrfmiddlewaretoken": self._cookies()["riskdesk_csrf"]}
        sent = urlencode(form).encode()
        self.opener.open(f"{base}/accounts/login/", sent, timeout=PATIENCE_SECONDS).close()
        assert "riskdesk_session" in self._cookies(), f"{name} could not sign in"

    def read(self, path: str) -> str:
        with self.opener.open(self.base + path, timeout=PATIENCE_SECONDS) as answer:
            return str(answer.read().decode())

    def tab(self, desk: str) -> "Tab":
        return Tab(self.base, desk, f"riskdesk_session={self._cookies()['riskdesk_session']}")

    def _cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value or "" for cookie in self.jar}


class Tab:
    """A page's socket: remembers every frame, and connects anew when it is lost, as the page does."""

    def __init__(self, base: str, desk: str, cookie: str) -> None:
        self.base, self.desk, self.cookie = base, desk, cookie
        self.frames: list[dict[str, Any]] = []
        self.socket: ClientConnection | None = None
        self.closing = False
        self.thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "Tab":
        self.thread.start()
        until(lambda: self.of("snapshot"), what="the first snapshot")
        return self

    def __exit__(self, *fault: object) -> None:
        self.closing = True
        if self.socket is not None:
            self.socket.close()
        self.thread.join(15)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in list(self.frames) if frame["type"] == kind]

    def alerts(self, fits: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Alerts as they were told one by one; one that came with a snapshot is no news."""
        return [frame["alert"] for frame in self.of("alert") if fits(frame["alert"])]

    def seq(self) -> int:
        """The newest run whose figures the page holds."""
        return max(frame["seq"] for frame in (*self.of("snapshot"), *self.of("changed")))

    def _listen(self) -> None:
        while not self.closing:
            try:
                self._read_on()
            except (OSError, WebSocketException):
                time.sleep(AGAIN_SECONDS)

    def _read_on(self) -> None:
        address = self.base.replace("http", "ws", 1) + f"/ws/desk/{self.desk}/"
        headers = {"Cookie": self.cookie}
        with connect(
            address,
            origin=self.base,
            additional_headers=headers,
            proxy=None,
            max_size=None,  # type: ignore[arg-type]
        ) as self.socket:
            for text in self.socket:
                self.frames.append(json.loads(text))
