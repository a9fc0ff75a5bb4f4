"""What every block of params.yaml is: a frozen model, and how it is loaded. Knows no block."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from tasks.errors import InputError


class ParamsError(InputError):
    """params.yaml cannot be used; the message names the file, the block, the key and what is accepted."""


class Block(BaseModel):
    """The numbers of one stage. Frozen; a key that is not a field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """YAML reads `true`, `yes` and `on` alike; where no field of that kind is meant, they are a mistake."""
        found = kinds(cls.model_fields[str(info.field_name)].annotation)
        told_by_itself = any(isinstance(kind, type) and issubclass(kind, Block) for kind in found)
        if bool not in found and not told_by_itself and _has_bool(value):
            raise PydanticCustomError("true_is_no_number", "is true or false")
        return value


def kinds(annotation: Any) -> set[Any]:
    """A type and every type within it; values, as in Literal, are none."""
    if get_origin(annotation) is Literal or isinstance(annotation, str | int) or annotation is None:
        return set()
    return {annotation}.union(*(kinds(part) for part in get_args(annotation)))


def _has_bool(value: Any) -> bool:
    if isinstance(value, dict | list | tuple):
        return any(map(_has_bool, value.values() if isinstance(value, dict) else value))
    return isinstance(value, bool)


Disagreement = tuple[str, str]
"""A key that does not go with another block's, such as `anomaly_generator.steps`, and why.

A module of blocks may have a function `disagreements`, given the blocks that fit their models: it yields these.
"""

LARGEST = 1 << 20
"""Bytes of params.yaml; the published settings have 10 kB."""

T = TypeVar("T", bound=BaseModel)


def load(model: type[T], block: str, path: Path = Path("params.yaml")) -> T:
    """The block's numbers as `model`. ParamsError names file, line and key, what is wrong and what is accepted."""
    try:
        content = path.read_bytes()
        blocks = _parsed(content)
    except OSError as error:
        raise ParamsError(f"{path}: {error.strerror}; run from the project's folder") from error
    except yaml.YAMLError as error:
        raise ParamsError(f"{path}: {_where_no_yaml(error)}") from error
    if not isinstance(blocks, dict):
        raise ParamsError(f"{path}: blocks of `key: value` lines expected, one block per stage")
    if block not in blocks:
        raise ParamsError(f"{path}: no block {block!r}; there are: {', '.join(map(str, blocks))}")
    try:
        return model.model_validate(blocks[block])
    except ValidationError as error:
        from tasks.params.problems import of_block  # it knows all blocks

        raise ParamsError(of_block(path, content, block, model, error)) from error


def _where_no_yaml(error: yaml.YAMLError) -> str:
    """One line, as flows.running.readiness tells it."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: not YAML: {error.problem}; look at this line and the one above"
    return f"not YAML: {error}"


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
