"""The inpainting evaluation in plain words.

In: the record of `evaluate_inpainting`. Out: tiles and sentences that stand alone. Knows nothing of how numbers came
about.
"""

from collections.abc import Mapping
from typing import Any

from tasks.base.words import counted_people
from tasks.pages.chapter import Tile
from tasks.pages.environment import number, share, span
from tasks.statistics.detection import verdict

METHODS = {
    "input": "the photograph itself",
    "network": "the network\u2019s filling",
    "telea": "OpenCV\u2019s filling (Telea)",
    "ns": "OpenCV\u2019s filling (Navier-Stokes)",
}
MEASURES = {"psnr": ("PSNR, dB", "higher is nearer"), "lpips": ("LPIPS under the mask", "lower is nearer")}


def tiles(record: Mapping[str, Any]) -> list[Tile]:
    """How much nearer to the face without the cleft, and patients against controls."""
    area = record["detection"]["patients"]
    found = [
        Tile(
            f"Inpainting: decibels nearer to the face {against} than the photograph is",
            number(own["psnr"]["nearer_than"]["input"]["value"], 1),
            span(own["psnr"]["nearer_than"]["input"]),
            own["psnr"]["nearer_than"]["input"]["n_subjects"],
        )
        for against, own in record["nearness"].items()
    ]
    told = f"{span(area)}, {area['n_images']} photographs" if area["value"] is not None else str(area["reason"])
    return [
        *found,
        Tile("Inpainting: AUC, patients against unseen controls", number(area["value"]), told, area["n_subjects"]),
    ]


def findings(record: Mapping[str, Any]) -> list[str]:
    """The result as sentences."""
    near = [line for against, own in record["nearness"].items() for line in _near_said(against, own)]
    return [*near, _detection_said(record["detection"]["patients"]), *_agreement_said(record["agreement"])]


def _near_said(against: str, own: Mapping[str, Any]) -> list[str]:
    found = own["psnr"]["nearer_than"]
    people = counted_people(found["input"]["n_images"], found["input"]["n_subjects"])
    lines = []
    for name, one in found.items():
        if one["value"] is None:
            continue
        way = "nearer to" if one["value"] >= 0 else "further from"
        sure = one["low"] is not None and (one["low"] > 0 or one["high"] < 0)
        doubt = "" if sure else "; which of the two is nearer is not settled"
        lines.append(
            f"Under the mask, the network\u2019s filling is {number(abs(one['value']), 1)} dB {way} the same "
            f"person\u2019s face {against} than {METHODS[name]} is ({span(one)}, {people}){doubt}."
        )
    return lines


def _detection_said(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return f"Patients could not be told from controls: {found['reason']}."
    text = "A patient\u2019s photograph lies further from its filling than an unseen control\u2019s from its own in "
    text += f"{share(found['value'])}\u2009% of comparisons ({span(found, percent=True)})"
    return text + verdict(found)


def _agreement_said(agreement: Mapping[str, Any]) -> list[str]:
    return [
        f"With {name.replace('_', ' ')} the distance of a photograph from its filling has Pearson\u2019s r "
        f"{number(own['pearson']['value'])} ({span(own['pearson'])}, "
        f"{counted_people(own['pearson']['n_images'], own['pearson']['n_subjects'])})."
        for name, own in agreement.items()
        if own["pearson"]["value"] is not None
    ]
