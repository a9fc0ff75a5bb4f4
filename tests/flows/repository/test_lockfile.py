"""dvc.lock written stage by stage is what DVC writes, byte for byte."""

import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

from flows import PROJECT
from flows.repository.lockfile import HEAD, with_stages

TEXT = (PROJECT / "dvc.lock").read_text()


@pytest.fixture(scope="module")
def read() -> Any:
    return parse_yaml_for_update(TEXT, "dvc.lock")


def dvcs(stages: dict[str, Any]) -> str:
    return str(dumps_yaml({"schema": "2.0", "stages": stages}))


def test_a_stage_that_did_not_change_leaves_the_file_as_it_is(read: Any) -> None:
    for name, stage in read["stages"].items():
        assert with_stages(TEXT, {name: stage}) == TEXT


def test_the_demos_stages_one_after_the_other_give_the_demos_file(read: Any) -> None:
    text = ""
    for name, stage in read["stages"].items():
        text = with_stages(text, {name: stage}) or ""
    assert text == TEXT


def test_a_stage_that_changed_is_replaced_where_it_stands() -> None:
    hard = {"cmd": "x " * 70, "params": {"params.yaml": {"word": "yes", "none": None, "path": "a: b", "n": []}}}
    old = {"first@a-1.5": {"cmd": "one"}, "second": {"cmd": "two"}, "third": {"cmd": "three"}}
    new = {"second": hard, "fourth": deepcopy(hard)}
    assert with_stages(dvcs(old), new) == dvcs(old | new)


@pytest.mark.parametrize(
    "text",
    [
        "schema: '2.0'\nstages: {}\n",
        f"{HEAD}  first:\n    cmd: one\n<<<<<<< mine\n  second:\n    cmd: two\n",
        f"{HEAD}  first:\n    cmd: one\n  first:\n    cmd: two\n",
        f"# mine\n{HEAD}  first:\n    cmd: one\n",
        f"{HEAD}  first:\n    cmd: one\ndatasets: []\n",
        f"{HEAD}  'first':\n    cmd: one\n",
        f"{HEAD}  first:\n    cmd: one",
    ],
)
def test_a_file_that_is_not_as_dvc_writes_it_is_left_to_dvc(text: str) -> None:
    assert with_stages(text, {"first": {"cmd": "three"}}) is None


def test_the_dvc_of_make_demo_does_and_says_what_dvc_does(tmp_path: Path) -> None:
    """Two stages, by `dvc` and by `python -m flows.repository`: the same dvc.lock, and words but of it."""
    said: list[list[str]] = []
    for number, program in enumerate(("dvc", "flows.repository")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "params.yaml").write_text("word: yes\n")
        (folder / "dvc.yaml").write_text(
            "stages:\n"
            "  first: {cmd: echo one > one, params: [word], outs: [one]}\n"
            "  second: {cmd: cp one two, deps: [one], outs: [two]}\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(PROJECT), "DVC_SITE_CACHE_DIR": str(folder / "site")}
        for words in (["init", "--quiet", "--no-scm"], ["repro"]):
            done = subprocess.run(
                [sys.executable, "-m", program, *words],
                cwd=folder, env=environment, capture_output=True, text=True, check=True,
            )  # fmt: skip
            said.append([line for line in done.stdout.splitlines() if "lock file" not in line])
    assert said[:2] == said[2:] and "Running stage 'second':" in said[1]
    assert (tmp_path / "0/dvc.lock").read_text() == (tmp_path / "1/dvc.lock").read_text()
