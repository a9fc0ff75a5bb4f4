"""Model files from strangers: opened, or refused in one line, in seconds and within their own size; nothing is run."""

import random
from pathlib import Path

import pytest

from tests import hostile_pickles
from tests.hostile import Outcome, opened

HARMLESS = {
    "weights-safetensors, a deep record",
    "weights-safetensors, a record of a number",
    "weights-torch, a path that leads out",
}
"""Odd only in what is not asked of them here: a record that nobody reads, a name in a zip file that nobody unpacks."""
MUTATED = 60
"""Mutations of each good file in the quick run."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("hostile")
    made = hostile_pickles.write(folder)
    found = opened(folder)
    assert set(found) == set(made), "some were never reached"
    assert {path.name for path in folder.iterdir()} == {"files"}, "something in a file was run"
    return found


def test_every_hostile_file_is_refused_in_one_line_quickly_and_within_its_size(outcomes: dict[str, Outcome]) -> None:
    flaws = {name: flaw for name, outcome in outcomes.items() if (flaw := outcome.flaw())}
    assert not flaws
    taken = {name for name, outcome in outcomes.items() if outcome.outcome == "opened"}
    assert taken <= HARMLESS


def test_a_refusal_names_the_file(outcomes: dict[str, Outcome]) -> None:
    unnamed = [one for name, one in outcomes.items() if one.outcome != "opened" and name not in one.outcome]
    assert not unnamed


def mutated(content: bytes, draw: random.Random) -> bytes:
    """The file with bytes flipped, cut out, doubled, moved or replaced by what pickles are made of."""
    changed = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        at = draw.randrange(len(changed))
        end = min(len(changed), at + draw.choice((1, 2, 8, 64)))
        piece = bytes(changed[at:end])
        how = draw.randrange(6)
        if how == 0:
            changed[at] ^= 1 << draw.randrange(8)
        elif how == 1:
            del changed[at:end]
        elif how == 2:
            changed[at:at] = piece * draw.choice((1, 2, 50))
        elif how == 3:
            changed[at:end] = draw.randbytes(end - at)
        elif how == 4:
            changed[at:end] = draw.choice((b"\xff", b"\x00", b"\x7f")) * (end - at)
        else:
            changed[at:at] = draw.choice((b"(", b"t", b"R", b"b", b".", b"0", b"2", b"]", b"}", b"s", b"u", b"\x93"))
        changed = changed or bytearray(b"\0")
    return bytes(changed)


def fuzzed(folder: Path, count: int, seed: int) -> dict[str, Outcome]:
    (folder / "files").mkdir()
    draw = random.Random(seed)
    for name, content in hostile_pickles.good().items():
        (folder / "files" / f"{name} whole").write_bytes(content)
        for number in range(count):
            (folder / "files" / f"{name} {number}").write_bytes(mutated(content, draw))
    return opened(folder, seconds=3000)


def assert_harmless(found: dict[str, Outcome]) -> None:
    assert not {name: flaw for name, outcome in found.items() if (flaw := outcome.flaw())}
    whole = [outcome for name, outcome in found.items() if name.endswith("whole")]
    assert [one.outcome for one in whole] == ["opened"] * len(hostile_pickles.good())


def test_mutated_files_are_opened_or_refused(tmp_path: Path) -> None:
    assert_harmless(fuzzed(tmp_path, MUTATED, seed=15))
    assert {path.name for path in tmp_path.iterdir()} == {"files"}


@pytest.mark.long
def test_many_mutated_files_are_opened_or_refused(tmp_path: Path) -> None:
    assert_harmless(fuzzed(tmp_path, 1000, seed=16))
