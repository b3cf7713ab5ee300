"""The kill switch from the page to a real gate's answer and back, by keyboard, with no worker anywhere."""

import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.stage import Stage
from tests.browser.test_every_page_looks_after_people import look_at
from tests.flow.scene import Scene
from tests.gate.harness import secret_of
from tests.gate.process import PATIENCE_SECONDS, Platform, Process


def until_answered(gate: Process, platform: Platform, wanted: str, name: str) -> dict[str, Any]:
    """New orders, one after the other, until one is decided so."""
    deadline, number = time.monotonic() + PATIENCE_SECONDS, 0
    with closing(HTTPConnection("127.0.0.1", gate.port, timeout=PATIENCE_SECONDS)) as connection:
        while time.monotonic() < deadline:
            number += 1
            answer = platform.ask(connection, f"{name}-{number}")
            if answer is not None and answer["reasons"][0]["code"] == wanted:
                return answer
    raise AssertionError(f"no order was answered {wanted}")


def test_impose_refuse_and_lift_by_two(stage: Stage, scene: Scene, visit: Any, tmp_path: Path) -> None:
    platform = Platform(stage.aside(secret_of, stage.cast.rita))
    gate = Process(tmp_path)
    try:
        gate.await_ready()
        until_answered(gate, platform, "covered", "before")
        page = visit(stage.cast.rita).open("/control/?desk=PRIME")
        expect(page.locator("[data-key=gates] tbody tr")).to_have_count(1)
        look_at(page)
        page.get_by_role("link", name="Freeze desk PRIME").focus()
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Freeze desk PRIME?")
        look_at(page)
        page.get_by_label("Why").fill("A strategy runs wild")
        page.get_by_role("button", name="Freeze desk PRIME now").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".restrictions li")).to_contain_text("A strategy runs wild")
        refused = until_answered(gate, platform, "frozen", "while")
        assert refused["reasons"][0]["message"].endswith("by rita: A strategy runs wild")
        expect(page.locator("[data-key=gates] tbody")).to_contain_text("all of it")
        page.get_by_text("Propose its lift").click()
        page.locator(".restrictions [name=reason]").fill("It was stopped at its source")
        page.get_by_role("button", name="Propose the lift").click()
        page.get_by_role("link", name="waits for a second person").wait_for()
        look_at(page)
        address = page.get_by_role("link", name="waits for a second person").get_attribute("href")
        other = visit(stage.cast.ada).open(address)
        other.get_by_role("button", name="Approve").click()
        expect(other.locator(".state")).to_have_text("Approved")
        until_answered(gate, platform, "covered", "after")
    finally:
        gate.end()
