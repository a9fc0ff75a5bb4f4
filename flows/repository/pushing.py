"""What a branch has and its remote has not, sent there; or why not, and what to do. Nothing is merged, nothing forced.

In: the project's folder. Out: a sentence. Git asks nobody for a password here: at night nobody answers. Knows no DVC.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from flows.repository.commits import git
from tasks.base.escaping import visible
from tasks.base.programs import last_words, run_within

PATIENCE = 600
"""Seconds that a remote gets."""

GITS = ("fatal:", "error:", "ssh:")
"""How git's own words begin."""

UNATTENDED = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "SSH_ASKPASS_REQUIRE": "never", "LC_ALL": "C"}


@dataclass(frozen=True)
class Sent:
    """`said`: what was sent, or why not and what to do; `well`: whether the remote has everything now."""

    said: str
    well: bool


def push_branch(root: Path) -> Sent:
    """Send the commits of the branch that is checked out to the branch that it follows."""
    branch = git(root, "symbolic-ref", "--quiet", "--short", "HEAD", check=False)
    if not branch:
        return Sent("not pushed to git: no branch is checked out; `git switch BRANCH` first", False)
    remotes = git(root, "remote").splitlines()
    if not remotes:
        how = f"`git remote add origin ADDRESS`, then `git push -u origin {branch}`"
        return Sent(f"not pushed to git: there is no git remote; {how}", False)
    remote = git(root, "config", f"branch.{branch}.remote", check=False)
    target = git(root, "config", f"branch.{branch}.merge", check=False)
    if not (remote and target):
        name = "origin" if "origin" in remotes else remotes[0]
        return Sent(f"not pushed to git: {branch} follows no branch of {name}; `git push -u {name} {branch}`", False)
    there = f"{remote}/{target.removeprefix('refs/heads/')}"
    known = git(root, "rev-parse", "--verify", "--quiet", "@{upstream}", check=False)
    ahead = git(root, "rev-list", "--count", *([f"{known}..HEAD"] if known else ["HEAD"]))
    if ahead == "0":
        return Sent(f"git: {there} has everything already", True)
    if problem := _push(root, remote, target):
        return Sent(f"not pushed to git: {problem}", False)
    return Sent(f"git: {ahead} commit{'s' * (ahead != '1')} pushed to {there}", True)


def _push(root: Path, remote: str, target: str) -> str:
    """Push; empty where that went well, else why not and what to do."""
    environment = os.environ | UNATTENDED
    environment.setdefault("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
    command = ["git", "push", "--porcelain", remote, f"HEAD:{target}"]
    try:
        done = run_within(PATIENCE, command, root, environment=environment)
    except subprocess.TimeoutExpired:
        return f"{remote} did not answer within {PATIENCE} s; nothing is lost: `git push` later"
    if not done.code:
        return ""
    said = f"{done.out}\n{done.err}"
    if "[rejected]" in said:
        return (
            "somebody else pushed there first. Nothing is lost: the commit is here. "
            "`git pull --rebase -X ours`, then `vermilion rebuild --publish`"
        )
    if found := re.search(r"\[remote rejected\] \((.*)\)", said):
        return f"{remote} refuses it ({found[1]}). Nothing is lost: the commit is here; ask who keeps {remote}"
    lines = done.err.splitlines()
    gits = [line for line in lines if line.startswith(GITS)]
    why = gits[0] if gits else f"git ended with {done.code}"
    if last := last_words("\n".join(line for line in lines if line not in gits)):
        why = f"{why} (last words: {last})"  # a pre-push hook's own, for one
    why = re.sub(r"://[^@/\s]+@", "://", visible(why))
    return f"{why}. Nothing is lost: the commit is here; see whether `git push` works by hand"
