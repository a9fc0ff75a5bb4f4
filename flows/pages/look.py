"""The first page: every photograph with what all methods say of it.

In: the project's photographs and the report's table of numbers. Out: a table that sorts and filters. Changes nothing.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from flows.pages import kit, who
from flows.pages.record import NUMBERS_AT, Photograph, Project
from flows.pages.visits import visits_of

OWN = ("photograph", "person", "population", "refused because", "image_id")
"""Columns of the report's table that the page shows in its own way."""


def router(project: Project) -> APIRouter:
    """The route `/`."""
    routes = APIRouter()

    @routes.get("/")
    def look(vermilion_who: who.Who = "") -> Response:
        columns, numbers = project.numbers()
        photographs = project.photographs()
        shown = [name for name in columns if name not in OWN]
        corrected = {one.image_id for one in project.said()}
        rows = [_row(one, numbers.get(one.image_id, {}), shown, corrected) for one in photographs.values()]
        return kit.page(
            "look.html.j2",
            who=who.named(vermilion_who),
            columns=shown,
            rows=rows,
            visits=list(visits_of(project).values()),
            populations=sorted({one.population for one in photographs.values()}),
            refused=sum(one.reason is not None for one in photographs.values()),
            lacking=""
            if columns
            else f"There are no numbers yet: the report brings them ({NUMBERS_AT}). Run dvc repro.",
            missing=sum(one not in numbers for one in photographs) if columns else 0,
        )

    return routes


def every_number(project: Project, image_id: str) -> list[tuple[str, str]]:
    """What the report's table has of one photograph: column and cell, those that are empty left out."""
    columns, numbers = project.numbers()
    own = numbers.get(image_id, {})
    return [(name, _cell(own[name])["text"]) for name in columns if name not in OWN and own.get(name)]


def _row(one: Photograph, numbers: Mapping[str, str], columns: list[str], corrected: set[str]) -> dict[str, Any]:
    return {"photograph": one, "cells": [_cell(numbers.get(name, "")) for name in columns]} | {
        "corrected": one.image_id in corrected
    }


def _cell(text: str) -> dict[str, Any]:
    """A cell as it is shown, and its number to sort by."""
    try:
        value = float(text)
    except ValueError:
        return {"text": text, "value": None}
    return {"text": text if value == int(value) else f"{value:.4g}", "value": value}
