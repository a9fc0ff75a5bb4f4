"""Progress with time left: a bar on the terminal and, in a tracked run, a progress artifact in the UI."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from tqdm import tqdm

from flows.running.tracking import artifact_key, show

EVERY_SECONDS = 5.0
"""How often the UI hears of it: an update costs the server some 20 ms."""


@contextmanager
def progress(total: int, what: str, unit: str) -> Iterator[Callable[[int], None]]:
    """A function that takes how many more are done, of `total`."""
    artifact: list[UUID] = []
    show(lambda: artifact.append(_id_of(create_progress_artifact(0.0, key=artifact_key(what), description=what))))
    seen = time.monotonic()
    interval = 0.5 if sys.stderr.isatty() else 20.0
    with tqdm(total=total, desc=what, unit=unit, mininterval=interval, file=sys.stderr) as bar:

        def advance(count: int) -> None:
            nonlocal seen
            bar.update(count)
            if artifact and (time.monotonic() - seen > EVERY_SECONDS or bar.n >= total):
                seen = time.monotonic()
                done = 100.0 * bar.n / max(total, 1)
                show(lambda: update_progress_artifact(artifact[0], progress=done))

        yield advance


def reporter(stage: str) -> Callable[[int, int], None]:
    """A function that takes the step and the total of a training, for the UI alone, a hundred times at most."""
    ids: list[UUID] = []
    show(lambda: ids.append(_id_of(create_progress_artifact(0.0, key=artifact_key(stage), description=stage))))

    def report(step: int, total: int) -> None:
        if ids and (step == total or step % max(1, total // 100) == 0):
            show(lambda: update_progress_artifact(ids[0], progress=100.0 * step / total))

    return report


def _id_of(artifact: Any) -> UUID:
    return artifact if isinstance(artifact, UUID) else UUID(str(artifact))
