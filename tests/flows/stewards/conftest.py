"""A project that knows a person in many places."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows.stewards.drop_folder.watching import watch
from tests.stewards import IMAGES, RATINGS, batch, draw, table
from tests.withdrawals import add


@pytest.fixture
def known(root: Path, tmp_path: Path) -> Any:
    """A project with a batch of two people, one of them seen in a database, a log, a drop folder and a list."""
    new = batch(tmp_path / "new")
    draw(new / "anna_front.png", seed=4)
    with (new / "images.csv").open("a") as file:
        file.write("anna_front.png,anna,repaired,research\n")
    with (new / "ratings.csv").open("a") as file:
        file.write("anna_front.png,surgeon,medical,CARS,4\n")
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "first").symlink_to(new)
    added, _ = add(new, root)
    (drop / "first").unlink()
    new.rename(drop / "first")
    watch(drop, root, settle=0, once=True, tell=lambda _: None)
    more = table(tmp_path / "more.csv", RATINGS, [f"{added.batch}/anna_front.png,lay_2,lay,CARS,3"])
    add(more, root)
    (root / ".prefect").mkdir()
    with closing(sqlite3.connect(root / ".prefect/prefect.db")) as database:
        database.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, message TEXT, flow JSON)")
        database.execute(
            "INSERT INTO log (message, flow) VALUES (?, ?)", ("anna_front.png refused", json.dumps({"of": "anna"}))
        )
        database.execute("INSERT INTO log (message) VALUES ('annabel stays')")
        database.commit()
    (root / ".prefect/server.log").write_text("scored anna_front.png\nother\n")
    (root / "data/reports").mkdir(exist_ok=True)
    (root / "data/reports/page.html").write_text("<!doctype html><p>anna</p>")
    return root, added, drop


@pytest.fixture
def patients(root: Path) -> Any:
    """Three people laid out as docs/raw-layout.md has it: every photograph is called front.png."""
    raw = root / "data/raw/mine"
    people = ("p01", "p02", "p03")
    for seed, who in enumerate(people, 11):
        draw(raw / f"patients/{who}/front.png", seed=seed)
    lines = [f"patients/{who}/front.png,{who},repaired,sibling of p01" for who in people]
    table(raw / "images.csv", IMAGES, lines)
    table(raw / "ratings.csv", RATINGS, [f"patients/{who}/front.png,surgeon,medical,CARS,2" for who in people])
    return raw
