"""The environment reader: every refusal names the variable, and no refusal shows a secret."""

from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from django.core.mail.message import sanitize_address

from riskdesk.env import BadEnvironment, read_environment

NONSENSE = {
    "RISKDESK_ENV": ["prod", "PRODUCTION", "live"],
    "DEBUG": ["maybe", "2", "да"],
    "DEMO": ["demo"],
    "EMAIL_TLS": ["starttls"],
    "PORT": ["0", "65536", "http", "-1", "80.0", "8e3", "٨٠٠٠", "1" * 5000],
    "GATE_PORT": ["gate"],
    "EMAIL_PORT": ["99999"],
    "SHARDS": ["0", "65"],
    "TRUSTED_PROXIES": ["10", "all"],
    "DATABASE_URL": [
        "mysql://a@b/c",
        "localhost",
        "postgresql://h:port/d",
        "postgresql://h:70000/d",
        "postgresql://h/d?nonsense=1",
        "postgresql://u:%zz@h/d",
    ],
    "DATABASE_OWNER_URL": ["sqlite:///x", "postgresql://h/d?nonsense=1"],
    "REDIS_URL": ["memcached://x", "redis://h:port/0"],
    "BASE_URL": [
        "desk.example.com",
        "ftp://x",
        "https://",
        "https://x/path",
        "https://u@x",
        "https://x:port",
    ],
    "MAIL_FROM": [
        "Riskdesk, Desk <desk@example.com>",
        "desk@",
        "desk",
        "a@b@c <",
        "x\ny",
        "a..b@c.co",
        "Desk\x00 <a@b.co>",
        "Desk. <a@b.co",
        ".Desk <a@b.co>",  # of which Python's parser makes a fault of its own
        "a@b.co, c@d.co",
        "\udcff <a@b.co>",
    ],
    "LOG_LEVEL": ["verbose", "info"],
    "LOG_FORMAT": ["xml"],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in NONSENSE.items() for v in values])
def test_a_variable_that_cannot_be_meant_is_refused_by_its_name(name, value):
    with pytest.raises(BadEnvironment, match=name):
        read_environment({name: value})


@pytest.mark.parametrize(
    "sender", ["a@b.co", "<a@b>", "Acme Inc. <a@b.co>", '"Desk, Risk" <a@b.co>', "Büro O'Neil <a@b.co>"]
)
def test_a_sender_that_is_taken_can_be_written_into_a_letter(sender):
    assert read_environment({"MAIL_FROM": sender}).mail_from == sender
    letter = EmailMessage("Subject", "Body", sender, ["rita@desk.example"])
    assert sanitize_address(sender, "utf-8")
    assert letter.message().as_bytes()


def test_a_blank_variable_counts_as_unset():
    blank = dict.fromkeys([*NONSENSE, "SECRET_KEY", "SECRET_KEY_FILE", "ALLOWED_HOSTS", "DATA_DIR"], "  ")
    assert read_environment(blank) == read_environment({})


def test_page_and_gate_cannot_share_a_port():
    with pytest.raises(BadEnvironment, match="PORT and GATE_PORT are both 9000"):
        read_environment({"PORT": "9000", "GATE_PORT": "9000"})


def test_a_misspelt_variable_of_ours_is_refused_rather_than_ignored():
    with pytest.raises(BadEnvironment, match="RISKDESK_ENVIRONMENT"):
        read_environment({"RISKDESK_ENVIRONMENT": "production"})


def test_a_secret_may_lie_in_a_file(tmp_path: Path):
    file = tmp_path / "key"
    file.write_text("  a secret of the house\n")
    assert read_environment({"SECRET_KEY_FILE": str(file)}).secret_key == "a secret of the house"
    same = {"SECRET_KEY_FILE": str(file), "SECRET_KEY": "a secret of the house"}
    assert read_environment(same).secret_key == "a secret of the house"


def test_a_secret_given_twice_and_differently_is_refused(tmp_path: Path):
    file = tmp_path / "key"
    file.write_text("one")
    with pytest.raises(BadEnvironment, match="SECRET_KEY and SECRET_KEY_FILE"):
        read_environment({"SECRET_KEY": "other", "SECRET_KEY_FILE": str(file)})


@pytest.mark.parametrize(
    "content", [None, b"", b"\n \n", b"\xff\xfe\x00", pytest.param(b"x" * 65_537, id="endless")]
)
def test_a_secret_file_that_is_missing_empty_no_text_or_no_secret_is_refused(tmp_path: Path, content):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadEnvironment, match="SECRET_KEY_FILE"):
        read_environment({"SECRET_KEY_FILE": str(file)})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@h:port/d",
        "postgresql://u:hunter2@h/d?nonsense=1",
        "postgresql://u:hunter2%zz@h/d",
        "mysql://u:hunter2@h/d",
        "postgresql://u:hun[ter2@h/d",
    ],
)
def test_no_refusal_shows_a_password(url):
    with pytest.raises(BadEnvironment) as refused:
        read_environment({"DATABASE_URL": url})
    assert "hun" not in str(refused.value)


def test_an_environment_printed_by_mistake_shows_no_secret():
    shown = repr(
        read_environment(
            {
                "SECRET_KEY": "hunter2",
                "SECRET_KEY_FALLBACKS": "hunter2",
                "EMAIL_PASSWORD": "hunter2",
                "DATABASE_URL": "postgresql://u:hunter2@h/d",
                "REDIS_URL": "redis://:hunter2@h",
            }
        )
    )
    assert "hunter2" not in shown
