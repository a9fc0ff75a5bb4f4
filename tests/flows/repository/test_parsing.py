"""DVC's files, parsed once per text, are what DVC makes of them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dvc.dependency import param
from dvc.fs import LocalFileSystem, MemoryFileSystem
from dvc.schema import COMPILED_LOCKFILE_SCHEMA, COMPILED_MULTI_STAGE_SCHEMA
from dvc.utils import strictyaml
from dvc.utils.serialize import _yaml
from dvc.utils.strictyaml import YAMLValidationError

from flows import PROJECT
from flows.repository import parsing

FILES = ("params.yaml", "dvc.yaml", "dvc.lock")


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts that DVC's own parser was given; nothing is remembered at first."""
    seen: list[str] = []
    own = parsing._parse_by_dvc

    def parse(text: str, *given: Any, **named: Any) -> Any:
        seen.append(text)
        return own(text, *given, **named)

    monkeypatch.setattr(parsing, "_parse_by_dvc", parse)
    for name, old in (("parse_yaml", _yaml), ("parse_yaml", strictyaml), ("validate", strictyaml)):
        monkeypatch.setattr(old, name, getattr(old, name))  # put back afterwards
    monkeypatch.setattr(param, "read_param_file", param.read_param_file)
    forget()
    yield seen
    forget()


def forget() -> None:
    parsing._parsed.clear()
    parsing._params.cache_clear()
    parsing._valid.clear()


@pytest.mark.parametrize("name", FILES)
def test_a_text_is_parsed_once_and_everybody_has_an_own_copy(name: str, counted: list[str]) -> None:
    text = (PROJECT / name).read_text()
    first = parsing.parse(text, name)
    assert first == _yaml.parse_yaml(text, name)
    assert list(first.items()) == list(_yaml.parse_yaml(text, name).items())  # in the same order
    given = len(counted)
    first.clear()
    assert parsing.parse(text, name) == _yaml.parse_yaml(text, name)
    assert len(counted) == given


def test_of_dvcs_lock_what_changed_is_parsed_alone(counted: list[str]) -> None:
    text = (PROJECT / "dvc.lock").read_text()
    parsing.parse(text, "dvc.lock")
    counted.clear()
    changed = text.replace("cmd: python -m flows report ", "cmd: python -m flows reported ")
    assert changed != text
    found = parsing.parse(changed, "dvc.lock")
    assert len(counted) == 1
    assert found == _yaml.parse_yaml(changed, "dvc.lock")


@pytest.mark.parametrize(
    "text", ["", "schema: '2.0'\nstages:\n", "schema: '2.0'\nstages: {}\n", "a: 1\n", "# c\na: [1]\n"]
)
def test_a_text_that_is_no_list_of_stages_is_dvcs(text: str, counted: list[str]) -> None:
    assert parsing.parse(text, "f") == parsing.parse(text, "f") == _yaml.parse_yaml(text, "f")


@pytest.mark.parametrize("wrong", ["outs: none", "deps:\n    - md5: 1", "cmd: {}"])
def test_what_does_not_fit_is_told_as_dvc_tells_it(wrong: str, counted: list[str]) -> None:
    text = f"schema: '2.0'\nstages:\n  good:\n    cmd: one\n  bad:\n    cmd: two\n    {wrong}\n".replace(
        "cmd: two\n    cmd", "cmd"
    )
    assert told(parsing.validate, text, COMPILED_LOCKFILE_SCHEMA) == told(
        parsing._validate_by_dvc, text, COMPILED_LOCKFILE_SCHEMA
    )
    assert told(parsing.validate, text, COMPILED_LOCKFILE_SCHEMA) is not None


def told(check: Callable[..., Any], text: str, schema: Any) -> Any:
    try:
        check(_yaml.parse_yaml(text, "dvc.lock"), schema, text=text, path="dvc.lock")
    except YAMLValidationError as error:
        return str(error), str(error.exc), error.text
    return None


def test_what_fits_is_looked_at_once(counted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [(PROJECT / name).read_text() for name in ("dvc.yaml", "dvc.lock")]
    schemas = [COMPILED_MULTI_STAGE_SCHEMA, COMPILED_LOCKFILE_SCHEMA]
    for text, schema in zip(texts, schemas, strict=True):
        assert told(parsing.validate, text, schema) is None
    monkeypatch.setattr(parsing, "_validate_by_dvc", None)
    for text, schema in zip(texts, schemas, strict=True):
        assert told(parsing.validate, text, schema) is None


@pytest.mark.parametrize("keys", [None, ["runtime"], ["data.raw", "evaluate"], ["nowhere", "data.raw"]])
@pytest.mark.parametrize("flatten", [True, False])
def test_numbers_are_those_of_the_file(
    keys: list[str] | None, flatten: bool, tmp_path: Path, counted: list[str]
) -> None:
    file = tmp_path / "params.yaml"
    file.write_text((PROJECT / "params.yaml").read_text())
    fs = LocalFileSystem()
    for _ in range(2):
        assert parsing.read_params(fs, str(file), keys, flatten) == parsing._params_by_dvc(fs, str(file), keys, flatten)
    file.write_text("data: {raw: elsewhere}\nruntime: 1\nevaluate: 2\n")
    assert parsing.read_params(fs, str(file), keys, flatten) == parsing._params_by_dvc(fs, str(file), keys, flatten)


def test_a_file_that_is_not_in_a_folder_is_left_to_dvc() -> None:
    fs = MemoryFileSystem(global_store=False)
    fs.pipe({"/params.yaml": b"a: 1\n"})
    assert parsing.read_params(fs, "/params.yaml", ["a"], True) == {"a": 1}


def test_dvc_uses_it(counted: list[str], tmp_path: Path) -> None:
    parsing.use()
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    for _ in range(2):
        assert strictyaml.load(str(tmp_path / "dvc.yaml"), COMPILED_MULTI_STAGE_SCHEMA)[0] == {"stages": {}}
    assert len(counted) == 1


def test_used_for_a_while_and_then_no_more(counted: list[str]) -> None:
    by_dvc = strictyaml.validate
    with parsing.used():
        assert strictyaml.validate is parsing.validate
        assert param.read_param_file is parsing.read_params
    assert strictyaml.validate is by_dvc
    assert param.read_param_file is not parsing.read_params


@pytest.mark.parametrize("path", ["data/raw", "/data/raw", "tasks/base/", "../elsewhere", "s3://bucket/key", "a:b", ""])
@pytest.mark.parametrize("config", [None, {}, {"core": {"checksum_jobs": 3}}])
def test_a_path_lies_where_dvc_says(path: str, config: Any) -> None:
    def told(find: Callable[..., Any]) -> Any:
        try:
            return find(config, url=path)
        except Exception as error:
            return type(error)

    assert told(parsing.place_of) == told(parsing._place_by_dvc)
    assert parsing.place_of({}, url="data", version_aware=True) == parsing._place_by_dvc(
        {}, url="data", version_aware=True
    )
