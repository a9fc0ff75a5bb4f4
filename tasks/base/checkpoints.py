"""Where a long computation stands, on disk, so that a killed one goes on as if nothing had happened.

In: its state (plain values and tensors). Out: one file, replaced whole or not at all, opened without
running code. A file of another computation (other settings, data, code or torch) is as good as none.
Does not know what is computed.
"""

import io
import logging
from pathlib import Path
from typing import Any

import torch

from tasks.base import tables

log = logging.getLogger(__name__)


def write(path: Path | None, key: str, state: dict[str, Any]) -> None:
    """Keep `state` under `key`, nowhere if `path` is None.

    OSError names the path (a full disk), and the file before it stays.
    """
    if path is None:
        return
    content = io.BytesIO()  # torch tells a full disk as a RuntimeError
    torch.save({"key": key, "state": state}, content)
    with tables.replacing(path, size=content.tell()) as temporary:
        temporary.write_bytes(content.getbuffer())


def read(path: Path | None, key: str) -> dict[str, Any] | None:
    """The state written under `key`; None, with a line in the log, where there is none that can be used."""
    if path is None or not path.exists():
        return None
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        same = found["key"] == key
        state: dict[str, Any] = found["state"]
    except Exception as error:  # a damaged file makes torch raise whatever it likes
        log.warning("%s cannot be read (%s); what it held starts anew", path, error)
        return None
    if not same:
        log.info("%s is of another computation; this one starts anew", path)
        return None
    return state
