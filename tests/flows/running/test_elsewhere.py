"""Where Prefect keeps records of the project besides its own folder is remembered, without passwords."""

import os
from pathlib import Path

import pytest

from flows.running.address import Served
from flows.running.elsewhere import DATABASES, note, noted


def test_a_server_and_a_database_are_remembered_without_their_passwords(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert noted() == []
    note(None)
    assert not list(home.iterdir())
    monkeypatch.setenv(DATABASES[0], "postgresql+asyncpg://prefect:secret@db.clinic:5432/prefect?ssl=1")
    note("https://me:secret@prefect.clinic:4200/api")
    monkeypatch.delenv(DATABASES[0])
    places = [
        "Prefect database postgresql+asyncpg://db.clinic:5432/prefect",
        "Prefect server https://prefect.clinic:4200/api",
    ]
    assert noted() == places
    assert "secret" not in (home / "elsewhere.json").read_text()
    note("https://prefect.clinic:4200/api")
    assert noted() == places


def test_the_project_s_own_server_is_not(home: Path) -> None:
    own = Served(pid=os.getpid(), api_url="http://127.0.0.1:4200/api", auth="vermilion:x", own=True)
    (home / "serve.json").write_text(own.model_dump_json())
    note(own.api_url)
    assert noted() == []


def test_a_database_that_the_environment_names_now_counts_though_nothing_ran(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASES[1], "postgresql+asyncpg://db/prefect")
    assert noted() == ["Prefect database postgresql+asyncpg://db/prefect"]
    (home / "elsewhere.json").write_text("{")
    assert noted() == ["Prefect database postgresql+asyncpg://db/prefect"]


@pytest.mark.parametrize("kept", ["[" * 100_000, "7", '{"a": 1}', "\udc80"])
def test_what_cannot_be_read_is_noted_without_a_word_of_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    (home / "elsewhere.json").write_text(kept, errors="surrogateescape")
    monkeypatch.setenv(DATABASES[0], "postgresql://me:secret@[db/prefect")
    note("http://me:secret@[::1/api")
    assert noted() == [
        "Prefect database at an address that cannot be read",
        "Prefect server at an address that cannot be read",
    ]
