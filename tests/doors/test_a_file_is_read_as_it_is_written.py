"""Reference data from files: nothing is rounded, guessed, left out or taken twice; a file has an end."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser

from margin.admin.strict_files import MOST_ROWS
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
HEAD = "code,name,kind,scale,shock_loading"


def said(ada_in: Browser, text: str, noun: str = "accounts/asset") -> str:
    file = SimpleUploadedFile("rows.csv", text.encode())
    page = ada_in.post(f"/admin/{noun}/import/", {"import_file": file, "format": "0"}).content.decode()
    return re.sub(r"\s+", " ", page)


@pytest.fixture
def ada_in(cast: Cast, client: Browser) -> Browser:
    client.force_login(cast.ada)
    return client


@pytest.mark.parametrize("scale", ["2.7", "2e0", " 2 ", "\u0662"])
def test_a_whole_number_is_written_in_digits(ada_in: Browser, scale: str) -> None:
    assert "is not a whole number" in said(ada_in, f"{HEAD}\nGBP,Pound,fiat,{scale},1\n")


@pytest.mark.parametrize("number", ["1e-1", "NaN", '"1,000"', "\uff11"])
def test_a_number_is_written_in_plain_digits(ada_in: Browser, number: str) -> None:
    assert "is not a number in plain digits" in said(ada_in, f"{HEAD}\nGBP,Pound,fiat,2,{number}\n")


def test_yes_is_not_guessed(ada_in: Browser) -> None:
    assert "is not 1 or 0" in said(ada_in, "code,name,active\nNEW,New,perhaps\n", "margin/instrument")


def test_a_column_nobody_knows_is_refused(ada_in: Browser) -> None:
    page = said(ada_in, "code,name,is_staff\nXNAS,Nasdaq,1\n", "margin/venue")
    assert "Unknown columns: is_staff" in page


def test_a_row_that_stands_twice_is_named(ada_in: Browser) -> None:
    page = said(ada_in, "code,name\nXNAS,One\nXLON,Two\nXNAS,Three\n", "margin/venue")
    assert "code XNAS stands in rows 1, 3" in page


def test_a_file_has_rows_and_an_end(ada_in: Browser) -> None:
    assert "No valid data to import" in said(ada_in, "code,name\n", "margin/venue")
    many = "".join(f"V{number},Venue\n" for number in range(MOST_ROWS + 1))
    assert "send at most" in said(ada_in, f"code,name\n{many}", "margin/venue")


def test_a_mistake_is_told_in_words_alone(ada_in: Browser) -> None:
    page = said(ada_in, "name\nNasdaq\n", "margin/venue")
    assert "not present in the file headers" in page
    assert "Traceback" not in page


def test_a_file_that_says_everything_plainly_is_shown(ada_in: Browser) -> None:
    page = said(ada_in, f"{HEAD}\nGBP,Pound,fiat,2,1.5\n")
    assert "import_file_name" in page


@pytest.mark.parametrize("noun", ["accounts/asset", "margin/instrument"])
def test_no_form_of_file_is_taken_in_which_a_few_lines_unfold_into_gigabytes(
    ada_in: Browser, noun: str
) -> None:
    """YAML has names for parts, so that nine lines of nine are a thousand million words."""
    for page in (ada_in.get(f"/admin/{noun}/{deed}/") for deed in ("import", "export")):
        offered = [label for _, label in page.context["form"].fields["format"].choices]
        assert [label for label in offered if label.strip("-")] == ["csv", "tsv", "json"]


def test_the_rows_of_a_file_that_is_refused_as_a_whole_are_not_read(
    ada_in: Browser, django_assert_max_num_queries: Any
) -> None:
    many = "".join(f"V{number},Venue\n" for number in range(MOST_ROWS + 1))
    with django_assert_max_num_queries(MOST_ROWS // 10):
        assert "send at most" in said(ada_in, f"code,name\n{many}", "margin/venue")
