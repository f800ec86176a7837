"""Where the token comes from, what it may look like, and how it is stored."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from celigo_pandas.client.bearer_token import bearer_value, check_token, find_token, fingerprint
from celigo_pandas.client.profiles import ProfileStore
from celigo_pandas.documents.environment import secret_setting
from celigo_pandas.documents.secret import Secret
from celigo_pandas.errors import ConfigError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")


class FakeKeyring:
    """A keyring in memory."""

    def __init__(self, works: bool = True) -> None:
        self.works = works
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        self._check()
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        self._check()
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        self._check()
        del self.kept[service, name]

    def _check(self) -> None:
        if not self.works:
            raise RuntimeError("the keyring is locked")


def _store(tmp_path: Path, keyring: Any = None) -> ProfileStore:
    return ProfileStore(tmp_path / "config" / "celigo", keyring)


@pytest.mark.parametrize(
    ("argument", "profile", "environment", "in_file", "in_keyring", "expected"),
    [
        ("argument", None, "environment", "file", "keyring", "argument"),
        (None, None, "environment", "file", "keyring", "environment"),
        (None, None, None, "file", "keyring", "file"),
        (None, None, " ", "file", "keyring", "file"),
        (None, None, None, None, "keyring", "keyring"),
        (None, "default", "environment", "file", "keyring", "file"),
    ],
)
def test_token_sources_are_asked_in_order(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    argument: str | None,
    profile: str | None,
    environment: str | None,
    in_file: str | None,
    in_keyring: str | None,
    expected: str,
) -> None:
    keyring = FakeKeyring()
    if in_keyring:
        keyring.kept["celigo-pandas", "default"] = in_keyring
    if in_file:
        _store(tmp_path).save("default", Secret(in_file), "https://h.example")
    token = Secret(argument) if argument else None
    monkeypatch.delenv("CELIGO_API_TOKEN", raising=False)
    if environment is not None:
        monkeypatch.setenv("CELIGO_API_TOKEN", environment)

    found, _ = find_token(token, profile, secret_setting("CELIGO_API_TOKEN"), _store(tmp_path, keyring))

    assert found.reveal() == expected


def test_no_token_lists_the_ways_and_says_login(tmp_path: Path) -> None:
    store = _store(tmp_path)

    with pytest.raises(ConfigError) as caught:
        find_token(None, None, None, store)

    for way in ("token=", "CELIGO_API_TOKEN", str(store.path), "keyring", "celigo.login()"):
        assert way in str(caught.value)


def test_token_is_stripped() -> None:
    assert check_token(Secret("  abc\n"), "x").reveal() == "abc"


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("a b", "white space"),
        ("a\tb", "white space"),
        ("a\r\nX-Header: 1", "white space"),
        ("a\x00b", "control character"),
        ("a\x7fb", "control character"),
        ("a\u200bb", "control character"),
        ("a\ud800b", "control character"),
        ("Bearer abc", "word Bearer"),
        ("******", "mask"),
        (5, "type int"),
        (b"abc", "type bytes"),
    ],
)
def test_token_that_cannot_be_one_is_refused_without_showing_it(token: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        check_token(Secret(token), "CELIGO_API_TOKEN")

    assert "CELIGO_API_TOKEN" in str(caught.value)
    assert "X-Header" not in str(caught.value)


@pytest.mark.parametrize(
    ("token", "expected"), [("abc", b"Bearer abc"), ("ä", b"Bearer \xe4"), ("€", b"Bearer \xe2\x82\xac")]
)
def test_header_value_is_latin_1_where_it_can_be(token: str, expected: bytes) -> None:
    assert bearer_value(Secret(token)) == expected


def test_fingerprint_tells_tokens_apart_and_nothing_else() -> None:
    assert fingerprint(Secret("a")) == fingerprint(Secret("a"))
    assert fingerprint(Secret("a")) != fingerprint(Secret("b"))


def test_profile_file_is_private_and_reads_back(tmp_path: Path) -> None:
    store = _store(tmp_path)
    token = 'cän"a/r+y=%<\\'
    place = store.save('odd "name"\\', Secret(token), "https://api.eu.integrator.io")
    store.save("default", Secret("other"), "https://api.integrator.io")

    found = store.find('odd "name"\\')

    assert place == str(store.path)
    assert found is not None
    assert (found.token.reveal(), found.base_url) == (token, "https://api.eu.integrator.io")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert [path.name for path in store.folder.iterdir()] == ["profiles.toml"]


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "command"),
    [
        (0o640, 0o700, "chmod 600"),
        (0o604, 0o700, "chmod 600"),
        (0o600, 0o750, "chmod 700"),
        (0o600, 0o777, "chmod 700"),
    ],
)
def test_profile_file_that_others_can_read_is_refused_with_the_chmod(
    tmp_path: Path, file_mode: int, folder_mode: int, command: str
) -> None:
    store = _store(tmp_path)
    store.save("default", Secret("hush"), "https://h.example")
    store.path.chmod(file_mode)
    store.folder.chmod(folder_mode)

    with pytest.raises(ConfigError) as caught:
        find_token(None, None, None, store)

    assert f"Run: {command} '{store.path if '600' in command else store.folder}'" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"[default\ntoken = 'hush'",
        b"token = 'hush'",
        b"[default]\ntoken = 'hush\xff'",
        b"[default]\ntoken = 'hush'\n[default]",
    ],
)
def test_profile_file_that_is_damaged_is_a_config_error(tmp_path: Path, content: bytes) -> None:
    store = _store(tmp_path)
    store.folder.mkdir(parents=True, mode=0o700)
    store.path.write_bytes(content)
    store.path.chmod(0o600)

    with pytest.raises(ConfigError, match="not valid TOML") as caught:
        store.find("default")

    assert caught.value.__context__ is None


def test_keyring_that_works_keeps_the_token_out_of_the_file(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    store = _store(tmp_path, keyring)

    place = store.save("default", Secret("hush"), "https://api.eu.integrator.io")
    found = store.find("default")

    assert "keyring" in place
    assert "hush" not in store.path.read_text()
    assert found is not None
    assert (found.token.reveal(), found.base_url) == ("hush", "https://api.eu.integrator.io")


def test_keyring_that_fails_is_replaced_by_the_file(tmp_path: Path) -> None:
    store = _store(tmp_path, FakeKeyring(works=False))

    assert store.save("default", Secret("hush"), "https://h.example") == str(store.path)
    found = store.find("default")
    assert found is not None
    assert found.token.reveal() == "hush"
    assert store.remove("default")


def test_removed_profile_is_gone_from_both_places(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    _store(tmp_path).save("default", Secret("one"), "https://h.example")
    keyring.kept["celigo-pandas", "default"] = "two"
    store = _store(tmp_path, keyring)

    assert store.remove("default")
    assert not store.remove("default")
    assert store.find("default") is None
    assert keyring.kept == {}


def test_profile_path_that_is_no_file_is_a_config_error(tmp_path: Path) -> None:
    store = _store(tmp_path)
    store.path.mkdir(parents=True, mode=0o700)
    store.folder.chmod(0o700)
    store.path.chmod(0o600)

    with pytest.raises(ConfigError, match="cannot be read"):
        store.save("default", Secret("hush"), "https://h.example")


def test_folder_that_cannot_be_made_says_what_else_to_do(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")

    with pytest.raises(ConfigError, match="could not be stored") as caught:
        _store(tmp_path).save("default", Secret("hush"), "https://h.example")

    assert "CELIGO_API_TOKEN" in str(caught.value)


def test_system_keyring_without_a_backend_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    store = ProfileStore(tmp_path / "celigo")

    assert store.find("default") is None
