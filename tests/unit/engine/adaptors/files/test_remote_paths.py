"""Folders of documents become paths of servers; host, port and names are checked before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from support.remote_files import Files

from celigo_pandas.engine.adaptors.files.remote_server import check_name, folder_path, is_own_name, own_name, server_of
from celigo_pandas.engine.adaptors.protocol import SourceFailure


@pytest.mark.parametrize(
    ("folder", "at_root", "at_home"),
    [
        ("/in", "/in", "/home/celigo/in"),
        ("in/", "/in", "/home/celigo/in"),
        ("//in//./x y/", "/in/x y", "/home/celigo/in/x y"),
        ("/", "/", "/home/celigo"),
        ("", "/", "/home/celigo"),
        (".", "/home/celigo", "/home/celigo"),
    ],
)
def test_folder_counts_from_the_root_or_from_home(folder: str, at_root: str, at_home: str) -> None:
    assert folder_path(folder, "/home/celigo", home_is_root=False) == at_root
    assert folder_path(folder, "/home/celigo", home_is_root=True) == at_home


def test_folder_does_not_leave_a_home_that_is_the_root() -> None:
    with pytest.raises(SourceFailure) as failed:
        folder_path("in/../../other", "/home/celigo", home_is_root=True)

    assert failed.value.code == "permission_denied"
    assert folder_path("in/../../other", "/home/celigo", home_is_root=False) == "/in/../../other"


@pytest.mark.parametrize("name", ["a\r\nDELE b", "a\nb", "a\rb", "a\0b", "a\ud800b", "", ".", "..", "a/b", "/a"])
def test_name_that_is_no_segment_or_would_end_a_command_is_refused(name: str) -> None:
    with pytest.raises(SourceFailure) as failed:
        check_name(name)

    assert failed.value.code == "file_error"
    assert "\n" not in failed.value.message


def test_backslash_is_refused_only_in_a_new_name() -> None:
    check_name("a\\b")
    with pytest.raises(SourceFailure):
        check_name("..\\b", is_new=True)


@pytest.mark.parametrize("folder", ["in\r\nDELE x", "in\n", "in\0", "in\udcff"])
def test_folder_that_would_end_a_command_is_refused(folder: str) -> None:
    with pytest.raises(SourceFailure):
        folder_path(folder, "/", home_is_root=False)


def test_own_names_are_known_and_differ() -> None:
    first, second = own_name(), own_name()

    assert first != second
    assert is_own_name(first)
    assert not is_own_name("a.part")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hostURI": ""}, "ftp.hostURI"),
        ({"hostURI": "ftp://files.example.com"}, "ftp.hostURI"),
        ({"hostURI": "files.example.com/in"}, "ftp.hostURI"),
        ({"hostURI": "me@files.example.com"}, "ftp.hostURI"),
        ({"hostURI": "files.example.com\r\nX"}, "ftp.hostURI"),
        ({"port": "many"}, "ftp.port"),
        ({"port": 70_000}, "ftp.port"),
        ({"port": -1}, "ftp.port"),
        ({"username": ""}, "ftp.username"),
        ({"username": "celigo\r\nDELE a"}, "ftp.username"),
    ],
)
@pytest.mark.parametrize("type", ["ftp", "sftp"])
def test_field_that_cannot_be_used_is_named(changes: dict[str, Any], field: str, type: str) -> None:
    block = {"type": type, "hostURI": "127.0.0.1", "port": 21, "username": "celigo", "password": "x" * 20, **changes}

    failed = Files({"type": "ftp", "ftp": block}).failure()

    assert (failed.code, failed.field) == ("invalid_field", field)


@pytest.mark.parametrize(
    ("ftp", "port"),
    [({"type": "ftp"}, 21), ({"type": "sftp", "port": ""}, 21), ({"port": "2121"}, 2121), ({"port": 990}, 990)],
)
def test_port_of_the_document_wins_over_the_usual_one(ftp: dict[str, Any], port: int) -> None:
    files = Files({"type": "ftp", "ftp": {"hostURI": "127.0.0.1", "username": "celigo", **ftp}})

    assert server_of(files.call(), 21).port == port
