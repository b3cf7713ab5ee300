"""DATABASE_URL may carry anything libpq knows."""

from riskdesk.connection import describe
from riskdesk.env import read_environment


def test_parts_are_decoded_and_options_passed_on():
    found = describe(
        "postgresql://us%40er:p%2Fw@db.example:5433/de%20sk?sslmode=verify-full&sslrootcert=/ca.pem"
    )
    assert (found["USER"], found["PASSWORD"], found["HOST"]) == ("us@er", "p/w", "db.example")
    assert (found["PORT"], found["NAME"]) == ("5433", "de sk")
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["sslrootcert"] == "/ca.pem"


def test_our_own_defaults_give_way_to_the_url():
    plain, own = (
        describe("postgres://h/d")["OPTIONS"],
        describe("postgres://h/d?connect_timeout=2")["OPTIONS"],
    )
    assert plain["connect_timeout"] == 5
    assert own["connect_timeout"] == "2"


def test_a_socket_folder_can_be_named():
    assert describe("postgresql:///desk?host=/run/postgresql")["HOST"] == "/run/postgresql"


def test_the_owner_is_the_application_until_another_is_named():
    one = read_environment({"DATABASE_URL": "postgresql://app@h/d"})
    assert one.database_owner_url == one.database_url
