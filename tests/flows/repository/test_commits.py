"""Commits of ours, and nights that do not commit: real git."""

import os
from pathlib import Path
from typing import Any

import pytest

from flows.repository import commits
from flows.repository.commits import check_git, commit_only, git
from flows.serving.publish import publish_results
from tasks.errors import InputError
from tasks.params.running import Nightly


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with dvc.lock in it, and no settings of this machine's."""
    for name in [*os.environ]:
        if name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_")) or name == "EMAIL":
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    git(tmp_path, "init", "-q")
    for name, value in {"user.name": "Test", "user.email": "test@localhost"}.items():
        git(tmp_path, "config", name, value)
    (tmp_path / "dvc.lock").write_text("one")
    commit_only(tmp_path, [tmp_path / "dvc.lock"], "one")
    return tmp_path


def test_a_hook_that_hangs_is_stopped_and_git_can_go_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nsleep 60\n")
    hook.chmod(0o755)
    (root / "dvc.lock").write_text("two")
    monkeypatch.setattr(commits, "LIMIT", 0.7)
    with pytest.raises(InputError, match=r"git commit did not end within 1 s and was stopped; a hook .* or gpg"):
        commit_only(root, [root / "dvc.lock"], "two")
    hook.unlink()
    monkeypatch.setattr(commits, "LIMIT", 60)
    commit_only(root, [root / "dvc.lock"], "two")
    assert git(root, "log", "-1", "--format=%s") == "two"


@pytest.mark.parametrize("language", ["C", "de_DE.UTF-8"])
def test_who_commits_is_asked_for_in_our_words(root: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setenv("LANG", language)
    git(root, "config", "--remove-section", "user")
    git(root, "config", "user.useConfigOnly", "true")
    with pytest.raises(InputError, match=r"git does not know who commits; in .*: `git config user.name NAME`") as found:
        check_git(root)
    assert "\n" not in str(found.value)
    (root / "dvc.lock").write_text("two")
    with pytest.raises(InputError, match="git does not know who commits"):
        commit_only(root, [root / "dvc.lock"], "two")


class NoRemote:
    """DVC's side of a project without a remote."""

    def ask(self, *_: object, **__: object) -> Any:
        return None


def test_a_result_that_somebody_else_should_commit_is_not_told_as_sent(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    (root / "dvc.lock").write_text("two")
    settings = Nightly(cron="0 2 * * *", commit=False, push=True, before=(), tell=None)
    said: list[str] = []
    published = publish_results(NoRemote(), said.append, [], [], [], settings)  # type: ignore[arg-type]
    assert "nightly: commit: false, and this result is new; `git commit dvc.lock`" in published.trouble[0]
    assert published.trouble[1] == "not pushed: the result is not committed"
    assert not published.lines
    git(root, "commit", "-qam", "two")
    assert "not committed" not in "".join(
        publish_results(NoRemote(), said.append, [], [], [], settings).trouble  # type: ignore[arg-type]
    )
