"""Files over SFTP: OpenSSH's own server for keys and transfers, a small one for passwords.

``sshd`` without privileges cannot check a password: it has no access to the machine's shadow file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from support.canary import CANARY, assert_no_canary, traceback_text
from support.remote_files import Files, names, read
from support.sftp_server import KINDS, PASSWORD, Sshd, free_port, password_server, private_text, sshd
from support.stalling_proxy import stalling_proxy

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import Reach


@pytest.fixture(scope="module")
def key() -> Any:
    return KINDS["ed25519"]()


@pytest.fixture
def server(key: Any) -> Iterator[Sshd]:
    with sshd(key) as running:
        for folder in ("in", "out"):
            running.make(folder)
        yield running


@pytest.fixture
def files(server: Sshd, key: Any) -> Files:
    return Files(server.doc(key))


def test_file_is_written_listed_read_moved_and_deleted(files: Files, server: Sshd) -> None:
    content = os.urandom(20_000_000)
    pieces = [content[:1], b"", content[1:300_000], content[300_000:]]

    with files.place() as place:
        place.check("/in")
        place.write("/in", "a.bin", pieces)
        (entry,) = place.entries("/in")
        assert (entry.name, entry.size) == ("a.bin", len(content))
        assert abs(entry.modified - datetime.now(timezone.utc)) < timedelta(minutes=3)
        assert read(place, "/in", "a.bin") == content
        place.move("in/", "a.bin", "/out")
        assert (names(place, "in"), names(place, "out")) == ([], ["a.bin"])
        assert (server.root / "out" / "a.bin").read_bytes() == content
        place.remove("/out", "a.bin")
        assert names(place, "/out") == []


def test_subfolders_and_unfinished_files_are_passed_over_and_links_are_followed(files: Files, server: Sshd) -> None:
    server.make("in", "sub")
    target = server.make("in", "a.csv", content=b"abc")
    server.make("in", ".celigo-0123456789abcdef.part", content=b"unfinished")
    (server.root / "in" / "link.csv").symlink_to(target)
    (server.root / "in" / "sublink").symlink_to(server.root / "out")
    (server.root / "in" / "dangling").symlink_to(server.root / "nowhere")

    with files.place() as place:
        found = place.entries("/in")

    assert [(entry.name, entry.size) for entry in found] == [("a.csv", 3), ("link.csv", 3)]


def test_file_is_copied_while_it_is_read_and_may_be_closed_early(files: Files, server: Sshd) -> None:
    server.make("in", "a", content=b"a" * 5_000_000)

    with files.place() as place:
        with place.open("/in", "a") as first:
            assert first.read(3) == b"aaa"
            place.write("/out", "copy", iter(lambda: first.read(65536), b""))
        with place.open("/in", "a") as file:
            assert file.read(1) == b"a"

        def opened_late() -> Iterator[bytes]:
            yield b"b" * 3_000_000
            yield read(place, "/in", "a")
            assert names(place, "/in") == ["a"]
            yield b"c" * 3_000_000

        place.write("/out", "late", opened_late())
        assert names(place, "/in") == ["a"]

    assert (server.root / "out" / "copy").read_bytes() == b"a" * 4_999_997
    late = (server.root / "out" / "late").read_bytes()
    assert late == b"b" * 3_000_000 + b"a" * 5_000_000 + b"c" * 3_000_000


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda place: place.check("/nowhere"), "folder_not_found"),
        (lambda place: place.entries("/nowhere"), "folder_not_found"),
        (lambda place: place.write("/nowhere", "a", [b"x"]), "folder_not_found"),
        (lambda place: place.move("/in", "a.csv", "/nowhere"), "folder_not_found"),
        (lambda place: read(place, "/in", "missing.csv"), "file_not_found"),
        (lambda place: place.remove("/in", "missing.csv"), "file_not_found"),
        (lambda place: place.move("/in", "missing.csv", "/out"), "file_not_found"),
        (lambda place: place.check("/closed"), "permission_denied"),
        (lambda place: place.write("/closed", "a", [b"x"]), "permission_denied"),
        (lambda place: read(place, "/in", "closed.csv"), "permission_denied"),
        (lambda place: place.check("/in/../.."), "permission_denied"),
    ],
    ids=[
        "check",
        "entries",
        "write",
        "move to",
        "read",
        "remove",
        "move",
        "closed",
        "write there",
        "no read",
        "outside",
    ],
)
def test_what_is_missing_or_closed_is_said_and_the_session_stays(
    files: Files, server: Sshd, act: Callable[[Any], object], code: str
) -> None:
    server.make("in", "a.csv", content=b"abc")
    server.make("in", "closed.csv", content=b"abc").chmod(0)
    server.make("closed").chmod(0)

    with files.place() as place:
        with pytest.raises(SourceFailure) as failed:
            act(place)
        assert (failed.value.code, failed.value.offline) == (code, False)
        assert names(place, "/in") == ["a.csv", "closed.csv"]


def test_folders_count_from_the_servers_root_where_home_is_not_the_root(server: Sshd, key: Any) -> None:
    server.make("in", "a.csv", content=b"abc")

    with Files(server.doc(key, userDirectoryIsRoot=False)).place() as place:
        assert names(place, str(server.root / "in")) == ["a.csv"]
        with pytest.raises(SourceFailure) as failed:
            place.check("/in")

    assert failed.value.code == "folder_not_found"
    assert "userDirectoryIsRoot" in failed.value.message


def test_name_that_is_not_utf8_is_passed_over_and_fails_no_folder(files: Files, server: Sshd) -> None:
    Path(os.fsdecode(os.fsencode(server.root / "in") + b"/caf\xe9.csv")).write_bytes(b"abc")
    server.make("in", "b.csv", content=b"abcd")
    unread: list[str] = []

    with files.place() as place:
        found = place.entries("/in", unread.append)

    assert [(entry.name, entry.size) for entry in found] == [("b.csv", 4)]
    assert [r"caf\udce9.csv" in text and "no UTF-8" in text for text in unread] == [True]


@pytest.mark.parametrize("evil", ["a\r\nb", "a\nb", "a\0", "../in/a", ""])
def test_names_that_are_none_are_refused(files: Files, evil: str) -> None:
    with files.place() as place:
        for act in (lambda: place.open("/in", evil), lambda: place.write("/in", "a", [b"x"], evil or ".")):
            with pytest.raises(SourceFailure) as failed:
                act()
            assert failed.value.code == "file_error"


# Getting in.


@pytest.mark.parametrize("form", ["openssh", "pkcs8", "traditional"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_login_with_a_key_of_any_kind_and_form(kind: str, form: str) -> None:
    if (kind, form) == ("ed25519", "traditional"):
        form = "openssh"  # there is no traditional form of these keys
    key = KINDS[kind]()
    text = "\r\n  ".join(private_text(key, form).splitlines())
    with sshd(key) as server, Files(server.doc(text)).place() as place:
        server.make("in")
        place.check("/in")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not a key", "cannot be read"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "cannot be read"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", "cannot be read"),
        (private_text(KINDS["rsa"](), "pkcs8", "secret"), "passphrase"),
        (private_text(KINDS["ed25519"](), "openssh", "secret"), "passphrase"),
    ],
    ids=["text", "putty", "damaged", "protected pkcs8", "protected openssh"],
)
def test_key_that_cannot_be_used_is_named_and_not_shown(server: Sshd, text: str, reason: str) -> None:
    failed = Files(server.doc(text)).failure()

    assert (failed.code, failed.offline, failed.field) == ("login_refused", True, "ftp.authKey")
    assert reason in failed.message
    assert text.splitlines()[-1] not in failed.message


def test_another_key_is_refused(server: Sshd) -> None:
    failed = Files(server.doc(KINDS["rsa"]())).failure()

    assert (failed.code, failed.offline) == ("login_refused", True)


@pytest.mark.parametrize("ways", ["password", "keyboard-interactive"])
def test_login_with_a_password(tmp_path: Path, ways: str) -> None:
    (tmp_path / "in").mkdir()
    with password_server(tmp_path, ways=ways) as server:
        with Files(server.doc()).place() as place:
            place.write("/in", "a.csv", [b"abc" * 100_000])
            place.write("/in", "a.csv", [b"abc" * 200_000])
            assert read(place, "/in", "a.csv") == b"abc" * 200_000
        wrong = Files(server.doc("not " + PASSWORD)).failure()

    assert {way for way, _, _ in server.tried} == {ways}
    assert (wrong.code, wrong.offline, wrong.field) == ("login_refused", True, "ftp.password")
    assert PASSWORD not in wrong.message


def test_password_is_tried_after_a_refused_key(tmp_path: Path) -> None:
    with (
        password_server(tmp_path, ways="publickey,password") as server,
        Files(server.doc(authKey=private_text(KINDS["rsa"]()))).place() as place,
    ):
        place.check("/")

    assert [way for way, _, _ in server.tried][-1] == "password"
    assert "publickey" in {way for way, _, _ in server.tried}


def test_no_key_of_the_engines_user_is_offered(tmp_path: Path, key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    for name in ("id_ed25519", "id_rsa", "id_ecdsa"):
        (tmp_path / "home" / ".ssh" / name).write_text(private_text(key))
    (tmp_path / "home" / ".ssh" / "config").write_text("Host *\n  User other\n  Port 1\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with password_server(tmp_path, ways="publickey,password") as small:
        assert Files(small.doc("not " + PASSWORD)).failure().code == "login_refused"
    with sshd(key) as server:
        block = {**server.doc(key)["ftp"], "authKey": "", "password": "x" * 12}
        assert Files({"type": "ftp", "ftp": block}).failure().code == "login_refused"

    assert {way for way, _, _ in small.tried} == {"password"}


def test_server_that_is_not_there_or_speaks_something_else_is_unreachable(tmp_path: Path) -> None:
    block = {"type": "sftp", "hostURI": "127.0.0.1", "port": free_port(), "username": "celigo", "password": PASSWORD}
    gone = Files({"type": "ftp", "ftp": block}).failure()

    assert (gone.code, gone.offline) == ("unreachable", False)


def test_server_that_speaks_something_else_is_unreachable() -> None:
    from support.ftp_script import ScriptedFtp

    with ScriptedFtp() as server:
        failed = Files(server.doc(type="sftp")).failure()

    assert (failed.code, failed.offline) == ("unreachable", False)
    assert not any("s3cret" in command for command in server.commands)


def test_host_out_of_reach_is_not_asked(server: Sshd, key: Any) -> None:
    refused = Files(server.doc(key), reach=Reach(hosts=("files.example.com",))).failure()
    metadata = Files(server.doc(key, hostURI="169.254.169.254")).failure()

    assert (refused.code, refused.offline, metadata.code) == ("out_of_reach", False, "out_of_reach")
    with Files(server.doc(key), reach=Reach(hosts=(f"127.0.0.1:{server.port}",))).place() as place:
        place.check("/in")


def test_a_missing_paramiko_names_the_extra() -> None:
    program = """
import sys
sys.modules["paramiko"] = None
from support.remote_files import Files
from celigo_pandas.errors import MissingExtraError
block = {"type": "sftp", "hostURI": "127.0.0.1", "username": "celigo", "password": "x" * 12}
try:
    with Files({"type": "ftp", "ftp": block}).place():
        pass
except MissingExtraError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert 'pip install "celigo-pandas[files]"' in found.stdout


def test_engine_without_sftp_connections_never_loads_paramiko() -> None:
    program = (
        "import sys, celigo_pandas.engine.adaptors.files.ftp, celigo_pandas.engine.adaptors.files.sftp; "
        "print('paramiko' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "False"


# Host keys.


@pytest.mark.parametrize(("first", "second"), [("ed25519", "ed25519"), ("rsa", "ed25519"), ("ed25519", "rsa")])
def test_changed_host_key_is_refused_before_the_login(tmp_path: Path, first: str, second: str) -> None:
    known, other = KINDS[first](), KINDS[second]()
    port = free_port()
    with password_server(tmp_path, key=known, port=port) as server:
        files = Files(server.doc())
        for _ in range(2):
            with files.place() as place:
                place.check("/")
    with password_server(tmp_path, key=other, port=port) as impostor:
        failed = files.failure()
        fresh = Files(impostor.doc())
        with fresh.place() as place:
            place.check("/")
        tried = list(impostor.tried)
    with password_server(tmp_path, key=known, port=port), files.place() as place:
        place.check("/")

    assert (failed.code, failed.offline) == ("unreachable", False)
    assert failed.message.count("SHA256:") == 2
    assert len(tried) == 1  # the fresh connection's; the other one sent nothing


def test_known_kind_of_host_key_is_asked_for_first(tmp_path: Path, key: Any) -> None:
    """A server that gets a second key of a kind that is preferred would look like another one."""
    rsa = KINDS["rsa"]()
    port = free_port()
    with sshd(key, host_key=rsa, port=port) as server:
        files = Files(server.doc(key))
        server.make("in")
        with files.place() as place:
            place.check("/in")
    with sshd(key, host_key=rsa, second_host_key=KINDS["ed25519"](), port=port) as server:
        server.make("in")
        files.access.doc["ftp"]["username"] = server.user
        with files.place() as place:
            place.check("/in")


# Servers that lie or fall silent.


@pytest.mark.parametrize("way", ["deadline", "stop"])
@pytest.mark.parametrize(
    ("limits", "act"),
    [
        ({"down": 200_000}, lambda place: read(place, "/in", "a")),
        ({"up": 200_000}, lambda place: place.write("/in", "b", [b"x" * 10_000_000])),
        ({"down": 10}, lambda place: place.check("/in")),
        ({"down": 1500}, lambda place: place.check("/in")),
    ],
    ids=["read", "write", "greeting", "handshake"],
)
def test_server_that_falls_silent_is_given_up_at_the_deadline_or_when_the_reader_goes(
    server: Sshd, key: Any, limits: dict[str, int], act: Callable[[Any], object], way: str
) -> None:
    server.make("in", "a", content=b"x" * 5_000_000)
    with stalling_proxy(server.port, **limits) as port:
        files = Files(server.doc(key, port=port), time_s=2.0 if way == "deadline" else 30)
        stopper = threading.Timer(2.0, files.stop.set)
        if way == "stop":
            stopper.start()
        started = time.monotonic()
        with pytest.raises(SourceFailure) as failed, files.place() as place:
            act(place)
        taken = time.monotonic() - started
        stopper.cancel()

    assert failed.value.code == ("timeout" if way == "deadline" else "stopped")
    assert 1.5 < taken < 6
    assert "b" not in os.listdir(server.root / "in")


def test_connection_that_is_cut_is_said(server: Sshd, key: Any) -> None:
    server.make("in", "a", content=b"x" * 5_000_000)
    with ExitStack() as stack:
        files = Files(server.doc(key, port=stack.enter_context(stalling_proxy(server.port))))
        with files.place() as place, place.open("/in", "a") as file:
            file.read(1000)
            stack.close()
            with pytest.raises(SourceFailure) as failed:
                file.read()

    assert failed.value.code == "file_error"
    assert "closed the connection" in failed.value.message


@pytest.mark.parametrize("lies", [False, True])
@pytest.mark.parametrize("room", [0, 100_000, 299_999])
def test_file_that_the_server_did_not_keep_whole_gets_no_final_name(tmp_path: Path, room: int, lies: bool) -> None:
    with password_server(tmp_path) as server:
        server.room, server.lies = room, lies
        with Files(server.doc()).place() as place:
            with pytest.raises(SourceFailure) as failed:
                place.write("/", "a.csv", [b"x" * 300_000])
            assert failed.value.code == "file_error"
            assert (" bytes of " in failed.value.message) == lies
            assert names(place, "/") == []


def test_server_that_renames_over_no_file_gets_the_old_one_out_of_the_way(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "folder.csv").mkdir()
    with password_server(tmp_path) as server, Files(server.doc()).place() as place:
        place.write("/", "a.csv", [b"new"])
        place.write("/out", "a.csv", [b"old"])
        place.move("/", "a.csv", "/out")
        with pytest.raises(SourceFailure) as failed:
            place.write("/", "folder.csv", [b"x"])

    assert failed.value.code == "file_error"
    assert (tmp_path / "out" / "a.csv").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.csv", "folder.csv", "out"]


# The canary.


def test_secrets_are_in_no_message_log_or_traceback(
    tmp_path: Path, server: Sshd, key: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    seen: list[str] = []
    with password_server(tmp_path) as wrong, password_server(tmp_path, password=CANARY) as right:
        for doc in (wrong.doc(CANARY), {**right.doc(CANARY, hostURI="localhost")}):
            files = Files(doc)
            with pytest.raises(SourceFailure) as failed, files.place() as place:
                place.check("/nowhere")
            seen += [traceback_text(failed.value, own=__file__), str(files.log)]
    assert_no_canary(*seen)
    assert any(CANARY in login for login in wrong.tried)

    line = private_text(key).splitlines()[3]
    files = Files(server.doc(key))
    with files.place() as place:
        place.write("/in", "a.csv", [b"x"])
        with pytest.raises(SourceFailure) as failed:
            read(place, "/in", "missing")
    seen += [traceback_text(failed.value, own=__file__), str(files.log), caplog.text]
    assert_no_canary(*seen)
    assert_no_canary(*seen, secret=line)
