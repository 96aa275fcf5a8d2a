"""Secret settings in files: `DATELINE_…_FILE`."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.kit.errors import Misconfigured
from app.kit.process.environment import export_settings
from app.settings import SECRET_SETTINGS, read_settings
from tests.architecture.source import ROOT

_KEY = "0123456789abcdef0123456789abcdef"


def _refusal(**given: object) -> str:
    with pytest.raises(Misconfigured) as refused:
        read_settings(**given)
    assert "Traceback" not in refused.value.detail
    return refused.value.detail


def test_every_secret_setting_is_read_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert {"database_url", "secret_key", "purge_token", "encryption_key"} <= set(SECRET_SETTINGS)
    for name in SECRET_SETTINGS:
        value = "sqlite:///other.db" if name == "database_url" else f"{_KEY}{name}"
        file = tmp_path / name
        file.write_text(f"{value}\n", encoding="utf-8")
        monkeypatch.setenv(f"DATELINE_{name.upper()}_FILE", str(file))
        setting = getattr(read_settings(), name)
        assert (setting.get_secret_value() if isinstance(setting, SecretStr) else setting) == value


def test_every_secret_setting_is_in_the_list_of_the_documentation() -> None:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    section = text.partition("\n## Secrets in files\n")[2].partition("\n## ")[0]
    missing = [n for n in SECRET_SETTINGS if f"`DATELINE_{n.upper()}_FILE`" not in section]
    assert missing == []


def test_a_wrong_file_is_named_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variable = "DATELINE_SECRET_KEY_FILE"
    (empty := tmp_path / "empty").write_text("\n", encoding="utf-8")
    (binary := tmp_path / "binary").write_bytes(b"\xff\xfe")
    (short := tmp_path / "short").write_text("hunter2", encoding="utf-8")
    for path, message in (
        (tmp_path / "none", "cannot be read: No such file or directory. Check the name"),
        (tmp_path, "cannot be read: Is a directory"),
        (empty, "is empty"),
        (binary, "is not text in UTF-8"),
        ("", "give the path of a file"),
        (short, "at least 32"),
    ):
        monkeypatch.setenv(variable, str(path))
        detail = _refusal()
        assert f"{variable}: " in detail
        assert message in detail
        assert "hunter2" not in detail
    monkeypatch.setenv("DATELINE_SECRET_KEY", _KEY)
    assert f"{variable}: DATELINE_SECRET_KEY is set as well; remove one of them" in _refusal()


def test_a_file_of_a_setting_that_is_no_secret_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_HOST_FILE", "/run/secrets/host")
    assert "DATELINE_HOST_FILE: there is no such setting" in _refusal()
    monkeypatch.delenv("DATELINE_HOST_FILE")
    monkeypatch.setenv("DATELINE_SECRET_KEY_FLE", "/run/secrets/key")
    assert "is DATELINE_SECRET_KEY_FILE meant?" in _refusal()


def test_child_processes_read_the_files_themselves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (key := tmp_path / "key").write_text(_KEY, encoding="utf-8")
    (address := tmp_path / "address").write_text("sqlite:///file.db", encoding="utf-8")
    monkeypatch.setenv("DATELINE_SECRET_KEY_FILE", str(key))
    monkeypatch.setenv("DATELINE_DATABASE_URL_FILE", str(address))
    monkeypatch.setenv("DATELINE_DATABASE_URL", "sqlite:///variable.db")
    # An option of the command line takes precedence over the file.
    settings = read_settings(database_url="sqlite:///option.db")
    environment = dict(os.environ)
    monkeypatch.setattr(os, "environ", environment)
    export_settings("DATELINE_", settings.to_variables())
    assert "DATELINE_SECRET_KEY" not in environment
    assert environment["DATELINE_DATABASE_URL"] == "sqlite:///option.db"
    assert "DATELINE_DATABASE_URL_FILE" not in environment
    assert read_settings() == settings


def test_old_secrets_are_one_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATELINE_SECRET_KEY_OLD", f"{_KEY}\n\n {_KEY[::-1]}\n")
    assert read_settings().old_secret_keys == (_KEY, _KEY[::-1])
    assert read_settings(secret_key_old=" ").old_secret_keys == ()
    monkeypatch.setenv("DATELINE_SECRET_KEY_OLD", f"{_KEY}\nhunter2")
    detail = _refusal()
    assert "DATELINE_SECRET_KEY_OLD: " in detail
    assert "one a line" in detail
    assert "hunter2" not in detail
