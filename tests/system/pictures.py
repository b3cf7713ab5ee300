"""Take the pictures of the documentation anew: `docs/img/`, from the real demo desk.

    python -m tests.system.pictures [NAME ...]

starts a demo desk in a folder of its own, whose bad day begins at once, waits for the moments that the
pictures show (never for a time), and looks at each page as one of the demo's people does, with the browser of
the tests. Named pictures alone, where any is named. It takes some minutes; nothing of the desk stays.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from riskdesk.demo_people import PASSWORD
from tests.system.real_desk import RealDesk, real_desk
from tests.system.running import ROOT, until

HERE = ROOT / "docs" / "img"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
MOST_SECONDS = 600.0
SETTLED_MS = 2_500
"""From the first figures of a page until its charts stand."""
IN_TROUBLE = "SELECT FROM margin_alert WHERE state = 'open' AND severity = 'critical' HAVING count(*) > 8"
CALLED = "SELECT FROM margin_margincall WHERE state = 'issued' HAVING count(*) > 1"


@dataclass(frozen=True)
class Picture:
    """`name` ends with the theme. `opens` is clicked first: a part that is shut, or the way to the page."""

    name: str
    path: str
    width: int = 1440
    height: int = 900
    person: str = "rita"
    opens: str = ""

    @property
    def theme(self) -> str:
        return self.name.rpartition("-")[2]


AT_THE_WORST = (Picture("desk-dark", "/"), Picture("alerts-dark", "/alerts/"))
ONCE_CALLED = (
    Picture("account-dark", "/accounts/MERIDIAN-EVENT/", height=1100),
    Picture("client-dark", "/clients/HALCYON/"),
    Picture("exposures-dark", "/exposures/?by=asset&key=BTC", height=1045),
    Picture("stress-dark", "/stress/?desk=PRIME&preset=flash_crash", height=1000),
    Picture("handover-dark", "/handover/"),
    Picture("report-dark", "/reports/", height=1000, opens="a[href^='/reports/daily/']"),
)
ONCE_APPROVED = (
    Picture("rulebook-light", "/rulebook/?chapter=caps", 1280, 760, "eve"),
    Picture("audit-light", "/audit/", 1280, 700, "eve", ".item:has-text('limit proposed') summary"),
)


def main() -> None:
    wanted = set(sys.argv[1:]) or {one.name for one in (*AT_THE_WORST, *ONCE_CALLED, *ONCE_APPROVED)}
    folder = Path(tempfile.mkdtemp(prefix="riskdesk-pictures-"))
    folder.chmod(0o755)
    try:
        with real_desk(folder / "data", DEMO_QUIET_SECONDS="0") as desk, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            take(desk, browser, wanted)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def take(desk: RealDesk, browser: Browser, wanted: set[str]) -> None:
    for question, pictures in ((IN_TROUBLE, AT_THE_WORST), (CALLED, ONCE_CALLED)):
        until(lambda question=question: desk.rows(question), seconds=MOST_SECONDS, what="the moment to look")
        look(desk, browser, [one for one in pictures if one.name in wanted])
    if approved := [one for one in ONCE_APPROVED if one.name in wanted]:
        with signed_in(desk, browser, approved[0]) as page:
            approve(page, desk)
        look(desk, browser, approved)


def look(desk: RealDesk, browser: Browser, pictures: Sequence[Picture]) -> None:
    for picture in pictures:
        with signed_in(desk, browser, picture) as page:
            page.goto(desk.base + picture.path)
            if picture.opens:
                page.locator(picture.opens).first.click()
            page.wait_for_load_state("load")
            page.wait_for_timeout(SETTLED_MS)
            page.screenshot(path=HERE / f"{picture.name}.png")
            sys.stdout.write(f"{picture.name}\n")
            sys.stdout.flush()


@contextmanager
def signed_in(desk: RealDesk, browser: Browser, picture: Picture) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="light" if picture.theme == "light" else "dark",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(MOST_SECONDS * 1000)
    page.goto(f"{desk.base}/accounts/login/")
    page.fill("[name=login]", picture.person)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda address: "/login/" not in address)
    yield page
    context.close()


def approve(page: Page, desk: RealDesk) -> None:
    """The second person approves the limit that waits: the records have something to tell."""
    page.goto(f"{desk.base}/limits/")
    page.locator(".changes a", has_text="Professional").first.click()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_load_state("load")
    until(lambda: desk.rows("SELECT FROM accounts_proposal WHERE state = 'approved'"), what="the approval")


if __name__ == "__main__":
    main()
