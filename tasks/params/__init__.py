"""What every block of params.yaml is: a frozen model, and how it is loaded. Knows no block."""

from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tasks.errors import InputError


class ParamsError(InputError):
    """params.yaml cannot be used; the message names the file, the block, the key and what is accepted."""


class Block(BaseModel):
    """The numbers of one stage. Frozen; a key that is not a field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


LARGEST = 1 << 20
"""Bytes of params.yaml; the published settings have 10 kB."""

T = TypeVar("T", bound=BaseModel)


def load(model: type[T], block: str, path: Path = Path("params.yaml")) -> T:
    """The block's numbers as `model`. ParamsError names the file, the key and what was wrong with it."""
    try:
        blocks = _parsed(path.read_bytes())
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}; run from the project's folder") from error
    except yaml.YAMLError as error:
        raise ParamsError(f"{path}: not YAML: {error}") from error
    if not isinstance(blocks, dict):
        raise ParamsError(f"{path}: blocks of `key: value` lines expected, one block per stage")
    if block not in blocks:
        raise ParamsError(f"{path}: no block {block!r}; there are: {', '.join(map(str, blocks))}")
    try:
        return model.model_validate(blocks[block])
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        known = f". Known keys: {', '.join(model.model_fields)}" if issubclass(model, Block) else ""
        raise ParamsError(f"{path}: block {block!r}: {wrong}{known}") from error


@lru_cache(maxsize=1)
def _parsed(content: bytes) -> Any:
    """A stage reads its numbers many times. Nobody changes what is returned."""
    if len(content) > LARGEST:
        raise yaml.YAMLError(f"{len(content):,} bytes; {LARGEST:,} at most are accepted")
    try:
        return yaml.load(content, _Plain)
    except RecursionError as error:
        raise yaml.YAMLError("nested too deep") from error


class _Plain(yaml.SafeLoader):
    """YAML without aliases: ten lines of them unfold to more than any memory holds."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """As SafeLoader's; an alias is an error that names its line."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, f"*{event.anchor} repeats what stands elsewhere; write it out", event.start_mark
            )
        return super().compose_node(parent, index)
