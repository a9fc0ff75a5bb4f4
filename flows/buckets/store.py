"""The project's artifact store, as the stages that run use it.

In: params.yaml. Out: the store, held for as long as a stage runs, so that nothing is collected meanwhile; and, when
it ended well, a record of the results that its outs are made of. Knows nothing of how results are computed.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from flows.buckets import runtime
from tasks.store.artifacts import Store

STORE = Path("data/.artifacts")
"""Outside every stage's outs, so that DVC never deletes it. Safe to delete by hand."""


def open_store() -> Store:
    """The project's store, with the one that `runtime.shared_store` names behind it."""
    return Store(STORE, runtime().shared_store)


@dataclass
class Use:
    """One stage's use of the store: which results it took or made, by the name they are stored under."""

    store: Store
    keys: dict[str, set[str]] = field(default_factory=dict)
    warned: bool = False

    def note(self, stage: str, keys: Iterable[str]) -> None:
        """These results are what the stage's outs are made of."""
        self.keys.setdefault(stage, set()).update(keys)

    def warn(self) -> None:
        """Say once that the shared store failed."""
        if self.store.trouble and not self.warned:
            self.warned = True
            print(
                f"the shared store failed; going on with the local one: {self.store.trouble}",
                file=sys.stderr,
                flush=True,
            )


_USE: ContextVar[Use | None] = ContextVar("use", default=None)


@contextmanager
def using() -> Iterator[Use]:
    """The store for as long as a stage runs: nothing is collected, and a good end is remembered with what was used.

    Within another `using`, that one. After an error or a kill the uses of the last good run stand.
    """
    if (current := _USE.get()) is not None:
        yield current
        return
    use = Use(open_store())
    with use.store.held():
        token = _USE.set(use)
        try:
            yield use
        finally:
            _USE.reset(token)
            use.warn()
        for stage, keys in use.keys.items():
            use.store.note_uses(stage, keys)
