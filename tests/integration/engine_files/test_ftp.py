"""Files over FTP and FTPS: a real server for what works, a scripted one for what servers do wrong."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from support.canary import CANARY, assert_no_canary, traceback_text
from support.ftp_script import ScriptedFtp
from support.ftp_server import PASSWORD, FtpServer, ftp_server
from support.remote_files import Files, names, read
from support.sftp_server import free_port
from support.tls_files import write_certificates

from celigo_pandas.engine.adaptors.protocol import SourceFailure
from celigo_pandas.engine.safety.reach import Reach


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return write_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=["ftp", "ftp, LIST only", "ftps, explicit", "ftps, implicit", "ftps, resumed"])
def server(request: pytest.FixtureRequest, tmp_path: Path, tls: tuple[str, Path]) -> Iterator[FtpServer]:
    options: dict[str, Any] = {}
    if request.param.startswith("ftps"):
        options = {"certificate": tls[1], "authority": tls[0], "implicit": request.param.endswith("implicit")}
    if request.param.endswith("LIST only"):
        options = {"without": ("MLSD", "MLST")}
    for folder in ("in", "out", "done"):
        (tmp_path / "root" / folder).mkdir(parents=True)
    with ftp_server(tmp_path / "root", **options) as running:
        running.more["debug"] = request.param
        yield running


@pytest.fixture
def files(server: FtpServer) -> Files:
    kind = server.more.pop("debug")
    return Files(server.doc(useImplicitFtps=kind.endswith("implicit"), requireSocketReUse=kind.endswith("resumed")))


def test_file_is_written_listed_read_moved_and_deleted(files: Files, server: FtpServer) -> None:
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

    assert sum(command.startswith("USER") for command in files.sent()) == 1
    assert list((server.root / "in").iterdir()) == []


def test_file_that_is_closed_early_leaves_the_place_usable(files: Files, server: FtpServer) -> None:
    (server.root / "in" / "a").write_bytes(b"a" * 30_000_000)

    with files.place() as place:
        with place.open("/in", "a") as file:
            assert file.read(10) == b"a" * 10
        assert names(place, "/in") == ["a"]


# What is missing, and what is not allowed.


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
    ],
    ids=["check", "entries", "write", "move to", "read", "remove", "move"],
)
def test_what_is_missing_is_said_and_the_connection_stays(
    files: Files, server: FtpServer, act: Callable[[Any], object], code: str
) -> None:
    (server.root / "in" / "a.csv").write_bytes(b"abc")

    with files.place() as place:
        with pytest.raises(SourceFailure) as failed:
            act(place)
        assert (failed.value.code, failed.value.offline) == (code, False)
        assert names(place, "/in") == ["a.csv"]

    assert sum(command.startswith("USER") for command in files.sent()) == 1


@pytest.mark.parametrize(
    ("act", "allowed"),
    [
        (lambda place: place.write("/in", "b.csv", [b"x"]), "elr"),
        (lambda place: place.remove("/in", "a.csv"), "elr"),
        (lambda place: place.move("/in", "a.csv", "/out"), "elr"),
        (lambda place: read(place, "/in", "a.csv"), "el"),
        (lambda place: place.entries("/in"), "e"),
    ],
    ids=["write", "remove", "move", "read", "entries"],
)
def test_what_the_login_may_not_do_is_said(tmp_path: Path, act: Callable[[Any], object], allowed: str) -> None:
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(b"abc")

    with (
        ftp_server(tmp_path, permissions=allowed) as server,
        Files(server.doc()).place() as place,
        pytest.raises(SourceFailure) as failed,
    ):
        act(place)

    assert failed.value.code == "permission_denied"
    assert (tmp_path / "in" / "a.csv").read_bytes() == b"abc"
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["a.csv"]


def test_folders_count_from_the_logins_own_folder_where_it_is_the_root() -> None:
    replies = {"PWD": '257 "/home/it""s" is here'}
    with ScriptedFtp(replies) as server:
        home, root = Files(server.doc(userDirectoryIsRoot=True)), Files(server.doc(userDirectoryIsRoot=False))
        for files in (home, root):
            with files.place() as place:
                place.check("/in")

    assert [command for command in server.commands if command.startswith("CWD")] == ['CWD /home/it"s/in', "CWD /in"]


# Getting in.


def test_wrong_password_is_refused_and_takes_the_connection_offline(tmp_path: Path) -> None:
    with ftp_server(tmp_path) as server:
        failed = Files(server.doc(password="not " + PASSWORD)).failure()

    assert (failed.code, failed.offline, failed.field) == ("login_refused", True, "ftp.password")
    assert PASSWORD not in failed.message


def test_server_that_is_not_there_is_unreachable() -> None:
    block = {"type": "ftp", "hostURI": "127.0.0.1", "port": free_port(), "username": "celigo", "password": PASSWORD}

    failed = Files({"type": "ftp", "ftp": block}).failure()

    assert (failed.code, failed.offline) == ("unreachable", False)
    assert f"127.0.0.1:{block['port']}" in failed.message


def test_name_that_does_not_resolve_is_unreachable() -> None:
    block = {"type": "ftp", "hostURI": "files.made-up.invalid", "username": "celigo", "password": PASSWORD}

    failed = Files({"type": "ftp", "ftp": block}).failure()

    assert (failed.code, failed.offline, failed.field) == ("unreachable", False, "ftp.hostURI")


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ({"welcome": "421 too many"}, "unreachable"),
        ({"PASS": "421 too many"}, "unreachable"),
        ({"PASS": "430 wrong"}, "login_refused"),
        ({"USER": "530 no"}, "login_refused"),
        ({"welcome": "SSH-2.0-OpenSSH_9.2"}, "unreachable"),
        ({"welcome": "220-" + "x" * 10_000}, "unreachable"),
    ],
    ids=["busy", "busy at login", "430", "user refused", "another protocol", "endless line"],
)
def test_greeting_that_is_none_and_logins_that_fail(replies: dict[str, str], code: str) -> None:
    with ScriptedFtp(replies) as server:
        failed = Files(server.doc()).failure()

    assert (failed.code, failed.offline) == (code, code == "login_refused")


def test_host_out_of_reach_is_not_asked() -> None:
    with ScriptedFtp() as server:
        refused = Files(server.doc(), reach=Reach(hosts=("files.example.com",))).failure()
        metadata = Files(server.doc(hostURI="169.254.169.254")).failure()

    assert (refused.code, refused.field, refused.offline) == ("out_of_reach", "ftp.hostURI", False)
    assert "--allow-host" in refused.message
    assert metadata.code == "out_of_reach"
    assert server.commands == []


@pytest.mark.parametrize("allowed", ["localhost", "localhost:{port}"])
def test_host_allowed_by_its_name_gets_data_connections_too(allowed: str) -> None:
    with ScriptedFtp(data={"RETR": b"abc"}) as server:
        reach = Reach(hosts=(allowed.format(port=server.port),))
        with Files(server.doc(hostURI="localhost"), reach=reach).place() as place:
            assert read(place, "/", "a.csv") == b"abc"


class CountingReach(Reach):
    """Counts what it opens; whoever opened a socket without it would not be counted."""

    opened: list[tuple[str, int]]

    def open_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self.opened.append((host, port))
        return super().open_socket(host, port, timeout)


def test_every_socket_is_opened_by_reach_and_names_are_resolved_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[Any] = []

    def connect(self: socket.socket, address: Any, connect: Any = socket.socket.connect) -> None:
        connected.append(address)
        connect(self, address)

    (tmp_path / "a.csv").write_bytes(b"abc")
    reach = CountingReach()
    object.__setattr__(reach, "opened", [])
    with ftp_server(tmp_path) as server:
        monkeypatch.setattr(socket.socket, "connect", connect)
        with Files(server.doc(hostURI="localhost"), reach=reach).place() as place:
            assert names(place, "/") == ["a.csv"]
            assert read(place, "/", "a.csv") == b"abc"
            place.write("/", "b.csv", [b"x"])

    assert [host for host, _ in reach.opened] == ["localhost", "127.0.0.1", "127.0.0.1", "127.0.0.1"]
    assert connected[-4:] == [("127.0.0.1", port) for _, port in reach.opened]


# TLS.


def test_certificate_of_an_unknown_authority_is_refused_before_the_login(tls: tuple[str, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls[1])
    with ScriptedFtp(tls=context) as server:
        failed = Files(server.doc()).failure()

    assert (failed.code, failed.offline, failed.field) == ("unreachable", False, "ssl.ca")
    assert [command for command in server.commands if command != "QUIT"] == ["AUTH TLS"]


def test_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    authority, certificate = write_certificates(tmp_path, "files.example.com")
    with ftp_server(tmp_path, certificate=certificate, authority=authority) as server:
        failed = Files(server.doc()).failure()

    assert failed.code == "unreachable"
    assert "IP address mismatch" in failed.message


def test_host_verification_that_is_switched_off_takes_any_certificate(tls: tuple[str, Path], tmp_path: Path) -> None:
    with ftp_server(tmp_path, certificate=tls[1]) as server:
        with Files(server.doc(enableHostVerification=False)).place() as place:
            place.check("/")
        assert Files(server.doc(enableHostVerification=True)).failure().code == "unreachable"


def test_server_without_tls_gets_no_password_from_an_ftps_connection() -> None:
    with ScriptedFtp({"AUTH": "502 no such command"}) as server:
        failed = Files(server.doc(type="ftps")).failure()

    assert (failed.code, failed.offline) == ("unreachable", False)
    assert [command for command in server.commands if command != "QUIT"] == ["AUTH TLS"]


def test_server_that_protects_no_data_is_not_used(tls: tuple[str, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls[1])
    with ScriptedFtp({"PROT": "536 not here"}, tls=context) as server:
        failed = Files({**server.doc(), "ssl": {"ca": tls[0]}}).failure()

    assert failed.code == "unreachable"
    assert "LIST" not in "".join(server.commands)


def test_answers_sent_before_tls_are_not_taken_for_later_ones(tls: tuple[str, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls[1])
    injected = "234 go on\r\n230 you are in already"

    def auth(session: Any) -> None:
        session.say(injected)
        session.sock = session.server.keep(context.wrap_socket(session.sock, server_side=True))

    with ScriptedFtp({"AUTH": auth, "PASS": "530 wrong"}, tls=context) as server:
        failed = Files({**server.doc(), "ssl": {"ca": tls[0]}}).failure()

    assert failed.code in {"login_refused", "unreachable"}
    assert "CWD /" not in server.commands


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("reuse", [True, False])
def test_data_connections_resume_the_session_where_that_is_asked_for(
    tls: tuple[str, Path], version: str, reuse: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls[1])
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    data = {"RETR": b"abc" * 100_000}
    with ScriptedFtp(data=data, tls=context, must_resume=True) as server:
        files = Files({**server.doc(requireSocketReUse=reuse), "ssl": {"ca": tls[0]}})
        with files.place() as place:
            if reuse:
                for _ in range(3):
                    assert read(place, "/", "a.csv") == data["RETR"]
                place.write("/", "b.csv", [b"x" * 100_000])
            else:
                with pytest.raises(SourceFailure, match="requireSocketReUse"):
                    read(place, "/", "a.csv")

    assert server.resumed == ([True] * 4 if reuse else [False])


@pytest.mark.parametrize("member", ["cert", "key"])
def test_client_certificate_is_refused_by_name(member: str) -> None:
    block = {"type": "ftps", "hostURI": "127.0.0.1", "username": "celigo", "password": PASSWORD}

    failed = Files({"type": "ftp", "ftp": block, "ssl": {member: "PEM"}}).failure()

    assert (failed.code, failed.field) == ("unsupported", f"ssl.{member}")


def test_authority_that_cannot_be_read_is_named() -> None:
    block = {"type": "ftps", "hostURI": "127.0.0.1", "username": "celigo", "password": PASSWORD}

    failed = Files({"type": "ftp", "ftp": block, "ssl": {"ca": CANARY}}).failure()

    assert (failed.code, failed.field) == ("invalid_certificate", "ssl.ca")
    assert_no_canary(failed.message)


# What is not built.


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"usePassiveMode": False}, "ftp.usePassiveMode"),
        *[({"entryParser": name}, "ftp.entryParser") for name in ("VMS", "OS/2", "OS/400", "AS/400", "MVS", "NETWARE")],
        ({"entryParser": "MACOS-PETER"}, "ftp.entryParser"),
        ({"entryParser": "UNKNOWN-TYPE"}, "ftp.entryParser"),
    ],
)
def test_what_is_not_built_is_refused_by_name_before_anything_is_sent(changes: dict[str, Any], field: str) -> None:
    with ScriptedFtp() as server:
        failed = Files(server.doc(**changes)).failure()

    assert (failed.code, failed.field) == ("unsupported", field)
    assert str(next(iter(changes.values()))).lower().split("/")[0] in failed.message.lower() + "false"
    assert server.commands == []


# Servers of other kinds.

IIS = b"03-03-26  09:30AM       <DIR>          sub\r\n03-03-26  09:31AM                    5 a b.csv\r\n"


@pytest.mark.parametrize("parser", [None, "WINDOWS"])
def test_windows_listing_is_read(parser: str | None) -> None:
    with (
        ScriptedFtp({"MLSD": "500 unknown"}, {"LIST": IIS}) as server,
        Files(server.doc(entryParser=parser)).place() as place,
    ):
        (entry,) = place.entries("/")

    assert (entry.name, entry.size) == ("a b.csv", 5)
    assert entry.modified == datetime(2026, 3, 3, 9, 31, tzinfo=timezone.utc)
    assert ("MLSD" in server.commands) == (parser is None)


def test_listing_of_another_form_is_an_error_and_not_an_empty_folder() -> None:
    vms = b"PAYROLL.CSV;1  12/24  3-MAR-2026 09:30  [CELIGO]  (RWED,RWED,RE,)\r\n"
    with ScriptedFtp({"MLSD": "502 not here"}, {"LIST": vms}) as server:
        failed = Files(server.doc()).failure()

    assert (failed.code, failed.field) == ("file_error", "ftp.entryParser")
    assert "PAYROLL" in failed.message


def test_name_that_is_not_utf8_is_an_error_and_not_another_name() -> None:
    with ScriptedFtp(data={"MLSD": b"type=file;size=1;modify=20260101000000; caf\xe9.csv\r\n"}) as server:
        failed = Files(server.doc()).failure()

    assert failed.code == "file_error"
    assert "UTF-8" in failed.message


def test_links_of_a_unix_listing_are_asked_for_one_by_one() -> None:
    line = b"lrwxrwxrwx 1 a b 7 Mar 03 09:30 %s -> there\r\n"
    replies = {
        "MLSD": "500 unknown", "SIZE now.csv": "213 7", "SIZE sub": "550 a folder",
        "MDTM now.csv": "213 20260303093102",
    }  # fmt: skip
    with (
        ScriptedFtp(replies, {"LIST": line % b"now.csv" + line % b"sub"}) as server,
        Files(server.doc()).place() as place,
    ):
        (entry,) = place.entries("/")

    assert (entry.name, entry.size) == ("now.csv", 7)
    assert entry.modified == datetime(2026, 3, 3, 9, 31, 2, tzinfo=timezone.utc)


def test_server_that_renames_over_no_file_gets_the_old_one_out_of_the_way() -> None:
    taken = {"a.csv"}

    def rename_to(session: Any) -> str:
        target = session.server.commands[-1].removeprefix("RNTO ")
        source = session.server.commands[-2].removeprefix("RNFR ")
        if target in taken:
            return "553 it is there"
        taken.discard(source)
        taken.add(target)
        return "250 renamed"

    with ScriptedFtp({"RNTO": rename_to, "SIZE a.csv": "213 3"}) as server, Files(server.doc()).place() as place:
        place.write("/", "a.csv", [b"new"])

    commands = [command for command in server.commands if command[:4] in {"RNFR", "RNTO", "DELE"}]
    assert [command.partition(" ")[0] for command in commands] == [
        "RNFR",
        "RNTO",
        "RNFR",
        "RNTO",
        "RNFR",
        "RNTO",
        "DELE",
    ]
    assert commands[2] == "RNFR a.csv"
    assert commands[5] == "RNTO a.csv"
    assert commands[6].removeprefix("DELE ") == commands[3].removeprefix("RNTO ")
    assert "a.csv" in taken


def test_old_file_comes_back_if_the_new_one_cannot_take_its_place() -> None:
    targets: list[str] = []

    def rename_to(session: Any) -> str:
        targets.append(session.server.commands[-1].removeprefix("RNTO "))
        return "553 no" if targets[-1] == "a.csv" and len(targets) < 4 else "250 renamed"

    with (
        ScriptedFtp({"RNTO": rename_to, "SIZE a.csv": "213 3"}) as server,
        Files(server.doc()).place() as place,
        pytest.raises(SourceFailure) as failed,
    ):
        place.write("/", "a.csv", [b"new"])

    assert failed.value.code == "permission_denied"
    assert targets[0] == targets[2] == targets[3] == "a.csv"
    assert server.commands[-2:] == [f"DELE {next(iter(server.stored))}", "QUIT"]


def test_folder_of_the_same_name_is_not_replaced() -> None:
    with (
        ScriptedFtp({"RNTO": "553 a folder", "SIZE a.csv": "550 a folder"}) as server,
        Files(server.doc()).place() as place,
        pytest.raises(SourceFailure) as failed,
    ):
        place.write("/", "a.csv", [b"new"])

    assert failed.value.code == "permission_denied"
    assert "RNFR a.csv" not in server.commands


def test_idle_connection_that_the_server_ended_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        ScriptedFtp({"NOOP": lambda session: session.sock.shutdown(socket.SHUT_RDWR)}) as server,
        Files(server.doc()).place() as place,
    ):
        place.check("/")
        place._free.used_at -= 60  # type: ignore[attr-defined]
        place.check("/")

    assert [command for command in server.commands if command[:4] in {"USER", "NOOP"}] == [
        "USER celigo", "NOOP", "USER celigo",
    ]  # fmt: skip


# Servers that lie or fall silent.


def test_pasv_answer_that_points_elsewhere_is_not_followed() -> None:
    visitors: list[Any] = []
    with socket.create_server(("127.0.0.2", 0)) as elsewhere, ScriptedFtp() as server:
        elsewhere.settimeout(1.5)

        def pasv(session: Any) -> str:
            port = session.listen()
            return f"227 Entering Passive Mode (127,0,0,2,{port >> 8},{port & 255})."

        def listen() -> None:
            with pytest.raises(TimeoutError):
                visitors.append(elsewhere.accept())

        server.replies["PASV"] = pasv
        server.data["RETR"] = b"abc"
        watcher = threading.Thread(target=listen)
        watcher.start()
        with Files(server.doc()).place() as place:
            assert read(place, "/", "a.csv") == b"abc"
        watcher.join()

    assert visitors == []


def test_pasv_port_of_another_listener_on_another_address_is_never_visited() -> None:
    with socket.create_server(("127.0.0.2", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        replies = {"PASV": f"227 Entering Passive Mode (127,0,0,2,{port >> 8},{port & 255})."}
        with ScriptedFtp(replies) as server:
            failed = Files(server.doc()).failure()
        elsewhere.settimeout(0.3)
        with pytest.raises(TimeoutError):
            elsewhere.accept()

    assert failed.code == "file_error"


def test_extended_passive_mode_over_ipv6() -> None:
    with (
        ScriptedFtp(data={"RETR": b"abc"}, host="::1") as server,
        Files(server.doc(hostURI="::1")).place() as place,
    ):
        assert read(place, "/", "a.csv") == b"abc"

    assert "EPSV" in server.commands
    assert "PASV" not in server.commands


def hang(conn: socket.socket) -> None:
    conn.sendall(b"x" * 10)
    conn.recv(1)  # until the client goes


def drip(conn: socket.socket) -> None:
    while True:
        conn.sendall(b"x")
        time.sleep(0.05)


def swallow_a_little(conn: socket.socket) -> None:
    conn.recv(10)
    time.sleep(2.5)


@pytest.mark.parametrize("way", ["deadline", "stop"])
@pytest.mark.parametrize(
    ("script", "act"),
    [
        ({"data": {"RETR": hang}}, lambda place: read(place, "/", "a")),
        ({"data": {"RETR": drip}}, lambda place: read(place, "/", "a")),
        ({"data": {"MLSD": drip}}, lambda place: place.check("/")),
        ({"data": {"STOR": swallow_a_little}}, lambda place: place.write("/", "a", [b"x" * 30_000_000])),
        ({"replies": {"RETR end": "226-\r\n more"}, "data": {"RETR": b"a"}}, lambda place: read(place, "/", "a")),
        ({"replies": {"CWD": lambda session: None}}, lambda place: place.check("/")),
        ({"replies": {"welcome": "220-wait"}}, lambda place: place.check("/")),
        ({"replies": {"PASS": lambda session: None}}, lambda place: place.check("/")),
    ],
    ids=["silent read", "drip read", "drip list", "blocked write", "no end", "no reply", "no hello", "no login"],
)  # fmt: skip
def test_server_that_falls_silent_is_given_up_at_the_deadline_or_when_the_reader_goes(
    script: dict[str, Any], act: Callable[[Any], object], way: str
) -> None:
    with ScriptedFtp(**script) as server:
        files = Files(server.doc(), time_s=0.8 if way == "deadline" else 30)
        stopper = threading.Timer(0.8, files.stop.set)
        if way == "stop":
            stopper.start()
        started = time.monotonic()
        with pytest.raises(SourceFailure) as failed, files.place() as place:
            act(place)
        taken = time.monotonic() - started
        stopper.cancel()

    assert failed.value.code == ("timeout" if way == "deadline" else "stopped")
    assert 0.6 < taken < 5
    assert "a" not in server.stored


def test_deadline_that_is_moved_on_is_kept_to() -> None:
    def slow(conn: socket.socket) -> None:
        for _ in range(10):
            conn.sendall(b"x" * 1000)
            time.sleep(0.15)

    with ScriptedFtp(data={"RETR": slow}) as server:
        files = Files(server.doc(), time_s=0.6)
        call = files.call()
        from celigo_pandas.engine.adaptors.files.ftp import open_ftp

        place = open_ftp(call)
        got = 0
        with place.open("/", "a") as file:
            while piece := file.read(500):
                got += len(piece)
                call.deadline = time.monotonic() + 0.6
            time.sleep(0.8)  # between two pages nothing is awaited, and nothing is ended
        call.deadline = time.monotonic() + 5
        place.check("/")
        place.close()

    assert got == 10_000


@pytest.mark.parametrize("end", ["426 broken", "551 gone", "226 complete"])
def test_file_that_does_not_arrive_whole_is_an_error(end: str) -> None:
    def cut(conn: socket.socket) -> None:
        conn.sendall(b"x" * 1000)

    with ScriptedFtp({"RETR end": end}, {"RETR": cut}) as server, Files(server.doc()).place() as place:
        if end.startswith("226"):
            assert read(place, "/", "a") == b"x" * 1000
            return
        with pytest.raises(SourceFailure) as failed:
            read(place, "/", "a")

    assert failed.value.code == "file_error"


@pytest.mark.parametrize("broken", ["size", "reply", "full disk"])
def test_file_that_the_server_did_not_keep_whole_gets_no_final_name(broken: str) -> None:
    def full(conn: socket.socket) -> None:
        conn.recv(1000)

    replies: dict[str, Any] = {
        "size": {"SIZE": "213 7"}, "reply": {"STOR end": "552 quota"}, "full disk": {"STOR end": "452 disk full"},
    }[broken]  # fmt: skip
    data = {"STOR": full} if broken == "full disk" else {}
    with (
        ScriptedFtp(replies, data) as server,
        Files(server.doc()).place() as place,
        pytest.raises(SourceFailure) as failed,
    ):
        place.write("/", "a.csv", [b"x" * 10_000_000])

    assert failed.value.code == "file_error"
    if broken != "size":
        assert replies["STOR end"] in failed.value.message
    assert not any(command.startswith("RNTO") for command in server.commands)
    assert server.commands[-1].startswith(("DELE .celigo-", "QUIT"))
    assert any(command.startswith("DELE .celigo-") for command in server.commands)


# Nothing gets into a command that is no part of it.


@pytest.mark.parametrize("evil", ["a\r\nDELE b", "a\nDELE b", "a\rDELE b", "a\0"])
@pytest.mark.parametrize("where", ["folder", "name", "in_progress", "to_folder", "password"])
def test_line_breaks_do_not_get_into_commands(evil: str, where: str) -> None:
    with ScriptedFtp() as server:
        files = Files(server.doc(**({"password": evil} if where == "password" else {})))
        acts: dict[str, Callable[[Any], object]] = {
            "folder": lambda place: place.write(evil, "a.csv", [b"x"]),
            "name": lambda place: place.open("/", evil),
            "in_progress": lambda place: place.write("/", "a.csv", [b"x"], evil),
            "to_folder": lambda place: place.move("/", "a.csv", evil),
            "password": lambda place: place.check("/"),
        }
        with files.place() as place, pytest.raises(SourceFailure) as failed:
            acts[where](place)

    assert failed.value.code == ("invalid_field" if where == "password" else "file_error")
    assert not any("DELE" in command for command in server.commands)


# The canary.


def test_password_is_in_no_message_log_or_traceback(tmp_path: Path) -> None:
    def echo(session: Any) -> str:
        return f"530 {session.server.commands[-1]} is wrong"

    seen: list[str] = []
    with ScriptedFtp({"PASS": echo}) as server:
        for changes in ({}, {"type": "ftps"}, {"hostURI": "localhost"}):
            files = Files(server.doc(password=CANARY, **changes))
            with pytest.raises(SourceFailure) as failed, files.place() as place:
                place.check("/")
            seen += [traceback_text(failed.value, own=__file__), failed.value.message]
            # The engine masks replies by value; the adaptor's own entries hold none.
            seen += [str(entry) for kind, entry in files.log if kind == "request"]
    with ftp_server(tmp_path, password=CANARY) as real:
        files = Files(real.doc(password=CANARY))
        with files.place() as place:
            place.write("/", "a.csv", [b"x"])
            seen += [str(entry) for entry in files.log]
            with pytest.raises(SourceFailure) as failed:
                read(place, "/", "missing")
            seen.append(traceback_text(failed.value, own=__file__))

    assert any(command == f"PASS {CANARY}" for command in server.commands)
    assert "******" in str(seen)
    assert_no_canary(*seen)
