"""A figure of forty digits, or a price that dust alone explains, is shown like any other."""

from pathlib import Path

import pytest
from django.test import Client

from margin.book.frame import write_frame
from margin.notify.figures import desk_figures
from tests.conftest import Cast
from tests.pages.frames import account, frame, position

HUGE = "19900000000000000000000000000000000000000.55"


@pytest.fixture(autouse=True)
def _a_run(book: Path) -> None:
    rows = [account(equity=HUGE, gross=HUGE, leverage=HUGE, utilisation=HUGE, house_maintenance=HUGE)]
    held = [position(quantity="-0.000000000000000001", liquidation_price=HUGE, mark="0.000000000000000001")]
    write_frame(frame(rows, held))


@pytest.mark.parametrize("path", ["/", "/desk/PRIME/accounts/ACME-1/"])
def test_the_page_stands(client: Client, cast: Cast, path: str) -> None:
    client.force_login(cast.vic)
    answer = client.get(path)
    assert answer.status_code == 200
    assert "19,900,000,000,000,000,000,000" in answer.content.decode()


def test_a_desk_a_hair_inside_is_not_said_to_have_reached_its_requirement(book: Path) -> None:
    write_frame(frame([account(equity="100000000.00", house_maintenance="99999999.99")]))
    assert desk_figures("PRIME", {}).kpi["utilisation"] == "0.9999999999"
