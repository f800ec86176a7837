from __future__ import annotations

import stat
from pathlib import Path

import pytest

from celigo_pandas.engine.storage.vault import Vault, VaultError, find_keys, new_key
from celigo_pandas.errors import ConfigError


def test_vault_sealed_value_comes_back_and_shows_nothing() -> None:
    vault = Vault([new_key()])

    sealed = vault.seal({"password": "cän"})

    assert vault.unseal(sealed) == {"password": "cän"}
    assert b"password" not in sealed


def test_vault_older_key_still_opens_after_rotation() -> None:
    old, new = new_key(), new_key()
    sealed, packed = Vault([old]).seal([1]), Vault([old]).pack(b"page", "w:1")
    signature = Vault([old]).sign(b"m")
    rotated = Vault([new, old])

    assert rotated.unseal(sealed) == [1]
    assert rotated.unpack(packed, "w:1") == b"page"
    assert rotated.is_signed(b"m", signature)
    assert rotated.sign(b"m") != signature


def test_vault_other_key_opens_nothing() -> None:
    vault, other = Vault([new_key()]), Vault([new_key()])

    with pytest.raises(VaultError):
        other.unseal(vault.seal(1))
    with pytest.raises(VaultError):
        other.unpack(vault.pack(b"x", "l"), "l")
    assert not other.is_signed(b"m", vault.sign(b"m"))


def test_vault_page_under_another_label_does_not_open() -> None:
    """A page moved to another walk's place in the store is noticed."""
    vault = Vault([new_key()])

    with pytest.raises(VaultError):
        vault.unpack(vault.pack(b"x", "walk:1"), "walk:2")


@pytest.mark.parametrize("key", ["", "short", "ä" * 44, "A" * 43])
def test_vault_what_is_no_key_is_a_config_error(key: str) -> None:
    with pytest.raises(ConfigError, match="CELIGO_ENGINE_KEY") as caught:
        Vault([key])
    assert "A" * 43 not in str(caught.value)


def test_vault_key_file_is_made_once_for_this_user_only(tmp_path: Path) -> None:
    first = find_keys({}, config_folder=tmp_path)

    assert find_keys({}, config_folder=tmp_path) == first
    path = tmp_path / "engine-keys" / "engine.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_vault_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    find_keys({}, config_folder=tmp_path)
    (tmp_path / "engine-keys" / "engine.key").chmod(0o644)

    with pytest.raises(ConfigError, match="chmod 600"):
        find_keys({}, config_folder=tmp_path)


def test_vault_keys_of_the_environment_win(tmp_path: Path) -> None:
    one, two = new_key(), new_key()

    assert find_keys({"CELIGO_ENGINE_KEY": f" {one}, {two} "}, config_folder=tmp_path) == [one, two]
    assert list(tmp_path.iterdir()) == []
