"""Where data lie, how work is shared out and when: the blocks that change no result."""

import unicodedata
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, RootModel, StrictBool

from tasks.params import Block


def _written(value: object) -> object:
    """The folder as it stands in params.yaml, where it means the same to DVC and to us; else ValueError says why."""
    text = str(value) if isinstance(value, str | Path) else ""
    if not text.strip():
        raise ValueError("write the folder's name as text, relative to the project or absolute")
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp", "Cs") for letter in text):
        raise ValueError(f"{text!r} has a line break or a control character in it; rename the folder")
    if "://" in text:
        raise ValueError(f"{text!r} is an address; copy the data to a folder of this machine and name that")
    if text.startswith("~"):
        raise ValueError(f"{text!r}: `~` is not replaced here; write the whole path, or ./{text}")
    if "${" in text:
        raise ValueError(f"{text!r} has `${{` in it, which DVC takes for a name of its own; rename the folder")
    return value


Folder = Annotated[Path, BeforeValidator(_written)]
"""A folder that a user named. Blanks, umlauts, quotes, dashes and `$` are fine: no shell ever sees it."""


class Data(Block):
    """Where raw data lie, relative to the project or absolute: the only paths outside dvc.yaml."""

    raw: Folder = Field(description="folder laid out as docs/raw-layout.md says; never written to")
    added: Folder = Field(description="folder of the batches that `vermilion ratings add` brought, inside the project")


class Runtime(Block):
    """How work is cut and shared out; none of it changes a result."""

    workers: int = Field(ge=1, description="processes that a stage may use")
    buckets: int = Field(ge=1, le=4096, description="parts that an item-wise table is cut into")
    runner: Literal["threads", "dask", "ray"] = Field(description="what computes missing buckets of a tracked run")
    cluster: str | None = Field(description="address of the Dask or Ray cluster; null starts one on this machine")
    shared_store: str | None = Field(description="folder or fsspec URL of a store shared by machines; null: none")
    cards: int | None = Field(ge=0, description="GPUs that may be used; null: as many as there are")


class Nightly(Block):
    """When everything is rebuilt, and what is done with a result that changed."""

    cron: str = Field(description="five fields, in the time of this machine")
    commit: bool = Field(description="commit dvc.lock and the headline metrics after a success")
    push: bool = Field(description="`dvc push`, then `git push` to the branch's remote, after a success")


class Systems(RootModel[dict[str, StrictBool]]):
    """Which systems are on, by name. A system that is off makes no tables, and its chapter says so."""

    model_config = ConfigDict(frozen=True)

    def off(self, name: str) -> str | None:
        """Why a system makes nothing, in a sentence; None where it is on."""
        return None if self.root.get(name, True) else f"{name} is off; write {name}: true under systems in params.yaml"
