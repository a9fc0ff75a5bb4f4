"""Stages and `vermilion` in this process, which has imported everything: for tests of which no process is the subject.

In: a project's folder and what to run. Out: what it prints, and for a command its exit code. DVC takes no part: whoever
asks for several stages names them in their order.
"""

import io
import itertools
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import cli
from flows.launch import launch
from tests.project import environment


@dataclass(frozen=True)
class Done:
    """What a command left, as `subprocess.run` has it."""

    returncode: int
    stdout: str
    stderr: str


def vermilion(folder: Path, *words: str) -> Done:
    """`vermilion WORDS` in the project's folder, with the exit code that its process would have."""
    said, complained, code = io.StringIO(), io.StringIO(), 0
    with as_in(folder) as patch, redirect_stdout(said), redirect_stderr(complained):
        patch.setattr(sys, "argv", ["vermilion", *words])
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Done(code, said.getvalue(), complained.getvalue())


def stage(folder: Path, name: str, *options: str, server: str | None = None) -> str:
    """What one stage prints that is given these options; `server` is the address of the API that records it.

    SystemExit, with the line that its process would end with, where it fails.
    """
    said = io.StringIO()
    with as_in(folder) as patch, redirect_stdout(said), temporary_settings({PREFECT_API_URL: server}):
        patch.setenv("DVC_STAGE", name)
        launch([name.partition("@")[0], *options])
    return said.getvalue()


def stages(folder: Path, *names: str) -> str:
    """What stages print, run one after the other; `symmetry_train` is all of its matrix, `symmetry_train@clp` one.

    SystemExit, with the line that its process would end with, where one fails.
    """
    said = io.StringIO()
    with as_in(folder) as patch, redirect_stdout(said):
        ordered = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
        numbers = yaml.safe_load((folder / "params.yaml").read_text())
        for name in names:
            plain = name.partition("@")[0]
            found = {own: words for own, words in commands(plain, ordered[plain], numbers) if name in (plain, own)}
            assert found, name
            for own, words in found.items():
                patch.setenv("DVC_STAGE", own)
                said.write(f"> {own}\n")
                launch(words)
    return said.getvalue()


@contextmanager
def as_in(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """This process in the project's folder, with the environment of a program that is run there."""
    before, closed = dict(os.environ), os.umask(0o077)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [own for own in os.environ if own.startswith(("PREFECT", "DVC"))]:
            patch.delenv(name)
        for name, value in environment(folder).items():
            patch.setenv(name, value)
        try:
            yield patch
        finally:
            os.environ.clear()
            os.environ.update(before)
            os.umask(closed)


def commands(name: str, stage: dict[str, Any], numbers: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """A stage as DVC calls it, and its command line without `python -m flows`: one per value of its matrix."""
    matrix = stage.get("matrix", {})
    for values in itertools.product(*matrix.values()):
        known = {f"item.{key}": str(value) for key, value in zip(matrix, values, strict=True)}
        known |= {f"data.{key}": str(value) for key, value in numbers["data"].items()}
        own = f"{name}@{'-'.join(map(str, values))}" if values else name
        yield own, _filled(stage["cmd"], known).split()[3:]


def _filled(command: str, known: dict[str, str]) -> str:
    return re.sub(r"\$\{([\w.]+)\}", lambda match: known[match[1]], command)
