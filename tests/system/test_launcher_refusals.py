"""A start that cannot go on: one clear sentence, an exit code, nothing left running."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from riskdesk.env import read_environment
from riskdesk.stack.entrance import demand_entrance
from riskdesk.stack.places import open_places
from riskdesk.stack.ports import is_free, pick_free
from riskdesk.stack.trouble import Trouble
from tests.system.running import PATIENCE_SECONDS, ROOT, bare_environment, left_over, run_exec, small_desk

pytestmark = pytest.mark.system


def refusal(data: Path, *flags: str, **environment: str) -> str:
    """What the real `manage.py desk` says when it refuses; the whole of it, which is one sentence."""
    ports = {"PORT": str(pick_free()), "GATE_PORT": str(pick_free())}
    ran = subprocess.run(
        [sys.executable, "manage.py", "desk", *flags],
        env=bare_environment(**{"DATA_DIR": str(data), **ports, **environment}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert left_over(data) == []
    (sentence,) = ran.stderr.splitlines()
    assert sentence.startswith("riskdesk: ")
    return sentence


def test_a_second_start_on_the_same_data_names_the_holder(data: Path) -> None:
    with small_desk(data) as desk:
        ran = run_exec("true", data=data)
        assert ran.returncode == 1
        assert f"{data} is in use by another desk (pid {desk.process.pid})" in ran.stderr
        assert "DATA_DIR=" in ran.stderr


def test_busy_ports_are_all_named_with_their_owner_and_the_command_before_anything_is_made(
    data: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, gate = one.getsockname()[1], other.getsockname()[1]
        said = refusal(data, PORT=str(port), GATE_PORT=str(gate))
        assert not data.exists()
        for taken in (port, gate):
            assert re.search(rf"ort {taken} is already in use by .*\(pid {os.getpid()}\)", said)
        (advised,) = re.findall(r"take other ports: PORT=(\d+) GATE_PORT=(\d+) python manage.py desk$", said)
        assert all(is_free(int(free)) for free in advised)


def test_a_free_port_beside_a_busy_one_is_kept(data: Path) -> None:
    free = pick_free()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = refusal(data, PORT=str(free), GATE_PORT=str(port))
    assert f"Port {port} is already in use by" in said
    assert f" PORT={free} GATE_PORT=" in said


def test_the_same_desk_twice_is_said_as_that_and_not_as_a_busy_port(data: Path) -> None:
    with small_desk(data) as desk:
        (port,) = re.findall(r"ready: http://127.0.0.1:(\d+)/", desk.said)
        with pytest.raises(Trouble, match=rf"in use by another desk \(pid {desk.process.pid}\)"):
            demand_entrance(read_environment({"PORT": port, "DATA_DIR": str(data)}), command="make run")


def test_no_database_at_the_url(data: Path) -> None:
    port = pick_free()
    said = refusal(data, DATABASE_URL=f"postgresql://u:secret-word@127.0.0.1:{port}/x")
    assert f"no PostgreSQL answers at 127.0.0.1:{port}" in said
    assert "secret-word" not in said


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/x", "postgresql://127.0.0.1:port/x", "riskdesk"])
def test_a_database_url_that_is_none(data: Path, url: str) -> None:
    assert "DATABASE_URL" in refusal(data, DATABASE_URL=url)


def test_no_valkey_at_the_url(data: Path) -> None:
    port = pick_free()
    said = refusal(data, REDIS_URL=f"redis://:secret-word@127.0.0.1:{port}/0")
    assert f"no Valkey or Redis answers at 127.0.0.1:{port}" in said
    assert "secret-word" not in said


@pytest.mark.parametrize(
    ("replaced", "by", "words"),
    [
        (
            "postgresql://riskdesk_owner:",
            "postgresql://riskdesk_owner:wrong",
            "refuses this user or password",
        ),
        ("/riskdesk?", "/nowhere?", 'database "nowhere" does not exist'),
    ],
)
def test_a_database_that_answers_but_will_not_have_us(
    data: Path, database_url: str, replaced: str, by: str, words: str
) -> None:
    assert words in refusal(data, DATABASE_URL=f"{database_url}?".replace(replaced, by))


def test_a_wrong_valkey_password(data: Path, redis_url: str) -> None:
    assert "refuses this password" in refusal(
        data, REDIS_URL=redis_url.replace("redis://:", "redis://:wrong")
    )


@pytest.mark.parametrize("port", ["0", "65536", "abc", "-1", "８０"])
def test_a_port_that_is_none(data: Path, port: str) -> None:
    assert "PORT=" in refusal(data, PORT=port)


def test_a_flag_wins_over_the_variable(data: Path) -> None:
    assert "PORT='x'" in refusal(data, "--port", "x")


def test_the_demo_people_are_refused_beyond_loopback(data: Path) -> None:
    assert "DEMO=0" in refusal(data, HOST="0.0.0.0")


def test_a_data_folder_that_cannot_be_made(open_folder: Path) -> None:
    (open_folder / "file").write_text("")
    assert "preparing the data folder" in refusal(open_folder / "file" / "data")


def test_a_data_folder_where_none_can_be_made_says_what_to_do(open_folder: Path) -> None:
    with pytest.raises(Trouble, match=r"too long.*: choose a DATA_DIR where folders can be made"):
        open_places(open_folder / ("x" * 300))


def test_a_data_folder_that_is_a_file_says_what_to_do(open_folder: Path) -> None:
    file = open_folder / "file"
    file.write_text("")
    for data in (file, file / "below"):
        said = refusal(data)
        assert f"There is a file where a folder is needed while preparing the data folder {data}" in said
        assert "choose another DATA_DIR" in said


def test_lost_secrets_are_named(data: Path) -> None:
    run_exec("true", data=data)
    shutil.rmtree(data / "secrets")
    (data / "services" / "roles.applied").unlink()
    ran = run_exec("true", data=data)
    assert ran.returncode == 1
    assert f"does not accept the passwords in {data}/secrets" in ran.stderr


def test_a_nearly_full_disk(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**9, 10**9, 5_000_000))
    with pytest.raises(Trouble, match="nearly full"):
        open_places(open_folder / "data")


def test_a_disk_that_fills_up_while_the_cluster_is_made(open_folder: Path) -> None:
    from riskdesk.stack.postgres import _why_initdb_failed

    said = _why_initdb_failed("initdb: error: write: No space left on device", open_folder)
    assert said.startswith(f"The disk of {open_folder} is full")


def test_a_secret_file_that_cannot_be_read(data: Path) -> None:
    assert "/nowhere/url" in refusal(data, DATABASE_URL_FILE="/nowhere/url")
