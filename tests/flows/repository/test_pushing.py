"""Commits sent to the remote that a branch follows: real git, a real bare repository."""

from pathlib import Path

import pytest

from flows.repository.commits import git
from flows.repository.pushing import push_branch


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose branch follows a bare repository's, one commit ahead."""
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "origin.git")
    git(tmp_path, "clone", "-q", str(tmp_path / "origin.git"), "clone")
    folder = tmp_path / "clone"
    git(folder, "switch", "-q", "-C", "main")
    for name, value in {"user.name": "Test", "user.email": "test@localhost"}.items():
        git(folder, "config", name, value)
    commit(folder, "one")
    git(folder, "push", "-q", "-u", "origin", "main")
    commit(folder, "two")
    return folder


def commit(folder: Path, name: str) -> None:
    (folder / name).write_text(name)
    git(folder, "add", name)
    git(folder, "commit", "-qm", name)


def test_what_is_ahead_is_sent_once(clone: Path, tmp_path: Path) -> None:
    sent = push_branch(clone)
    assert (sent.said, sent.well) == ("git: 1 commit pushed to origin/main", True)
    assert git(tmp_path / "origin.git", "log", "-1", "--format=%s", "main") == "two"
    assert push_branch(clone).said == "git: origin/main has everything already"


def test_a_branch_of_another_name_is_followed(clone: Path, tmp_path: Path) -> None:
    git(clone, "branch", "-m", "main", "nights")
    assert push_branch(clone).said == "git: 1 commit pushed to origin/main"
    assert git(tmp_path / "origin.git", "branch", "--format=%(refname:short)") == "main"


def test_what_is_missing_is_named(clone: Path) -> None:
    git(clone, "branch", "--unset-upstream")
    assert "main follows no branch of origin; `git push -u origin main`" in push_branch(clone).said
    git(clone, "remote", "remove", "origin")
    assert "there is no git remote; `git remote add origin ADDRESS`" in push_branch(clone).said
    git(clone, "switch", "-q", "--detach")
    assert "no branch is checked out" in push_branch(clone).said
    assert not push_branch(clone).well


def test_a_refused_push_loses_nothing(clone: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(tmp_path / "origin.git"), "other")
    for name, value in {"user.name": "Other", "user.email": "other@localhost"}.items():
        git(tmp_path / "other", "config", name, value)
    commit(tmp_path / "other", "theirs")
    git(tmp_path / "other", "push", "-q")
    sent = push_branch(clone)
    assert not sent.well
    assert "somebody else pushed there first" in sent.said
    assert git(clone, "log", "-1", "--format=%s") == "two"
    git(clone, "pull", "-q", "--rebase", "-X", "ours")
    assert push_branch(clone).well


def test_a_remote_that_refuses_or_is_not_there_is_told_in_its_words(clone: Path, tmp_path: Path) -> None:
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    assert "origin refuses it (pre-receive hook declined)" in push_branch(clone).said
    git(clone, "remote", "set-url", "origin", "https://user:secret@127.0.0.1:9/x.git")
    sent = push_branch(clone)
    assert "127.0.0.1" in sent.said
    assert "secret" not in sent.said
    assert "Nothing is lost" in sent.said


def test_nobody_is_asked_for_a_password(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    hook(clone, "pre-push", "env > seen; tty > terminal; true")
    assert push_branch(clone).well
    seen = (clone / "seen").read_text().splitlines()
    assert "GIT_TERMINAL_PROMPT=0" in seen
    assert "GIT_SSH_COMMAND=ssh -oBatchMode=yes" in seen
    assert (clone / "terminal").read_text() == "not a tty\n"


def test_a_hooks_last_words_are_told(clone: Path) -> None:
    hook(clone, "pre-push", "echo looking >&2; printf '\\033[31mtests fail\\033[0m\\n' >&2; exit 1")
    sent = push_branch(clone)
    assert not sent.well
    assert "error: failed to push some refs to" in sent.said
    assert "(last words: tests fail)" in sent.said


def hook(folder: Path, name: str, script: str) -> None:
    """A hook of the clone's that does this."""
    file = folder / ".git/hooks" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
