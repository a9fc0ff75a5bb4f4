"""The pages in a real browser: nothing is requested, nothing overflows, at a phone's and a desk's width."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tasks.evaluation.anomaly.reading import AnomalyReading
from tasks.evaluation.anomaly.reading import cohort as cohort_of
from tasks.evaluation.anomaly.reading import pictures as pictures_of
from tasks.evaluation.anomaly.section import draw_anomaly, gallery
from tasks.evaluation.census import Census, Provenance, Refusal
from tasks.evaluation.comparison import Evaluation
from tasks.evaluation.metrics import finite
from tasks.evaluation.photo_page import Measure, Photo, render_photo_page
from tasks.evaluation.symmetry.reading import Distance, as_reading
from tasks.evaluation.symmetry.section import Example, draw_pictures
from tasks.evaluation.synthesis.section import draw_synthesis
from tasks.params.evaluation import Evaluate, Report
from tasks.statistics.grading import GradeScale
from tests.evaluation.anomaly_study import HEADLINE, aligned_with
from tests.evaluation.showing import anomaly_chapter, render, symmetry_chapter, synthesis_chapter
from tests.evaluation.synthesis_study import section_of
from tests.evaluation.trials import trial

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONG = "a" * 90 + ".jpg"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as p:
        opened = p.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(
    study: SimpleNamespace,
    evaluation: Evaluation,
    settings: Evaluate,
    region: bytes,
    cohort: SimpleNamespace,
    survey: Evaluate,
    record: dict[str, Any],
    drawn: SimpleNamespace,
    drawn_record: dict[str, Any],
    tmp_path_factory: Any,
) -> dict[str, Path]:
    curve = pd.DataFrame({"step": [0, 1], "train_loss": [0.3, 0.1], "validation_loss": [0.3, 0.2]})
    pictures = draw_pictures(
        pairs=study.pairs,
        scores=evaluation.scores,
        ratings=study.ratings,
        curves={"clp": curve, "temporal": curve},
        record=evaluation.metrics["symmetry"],
        settings=settings,
    )
    settings_of_report = Report(
        examples=4, gallery=5, opacity=0.7, sheet=4, few_people=20, table=100, show_training_pairs=False
    )
    chapters = [
        symmetry_chapter(
            evaluation,
            pictures=pictures,
            examples=[Example("clp", f"i{n}", LONG, n / 4, 1 + n, 3.5, region) for n in range(5)],
        ),
        anomaly_chapter(
            record,
            pictures=draw_anomaly(record, cohort.scores, cohort.maps, cohort.ratings, cohort.references, survey),
            faces=gallery([cohort.map_table], cohort.scores, HEADLINE, settings_of_report),
        ),
        synthesis_chapter(
            drawn_record,
            settings.model_dump(),
            section=section_of(drawn, show_training_pairs=True, notices=["A stand-in.", LONG]),
            pictures=draw_synthesis(finite(drawn_record), drawn.made.measures, drawn.projections, drawn.curves),
        ),
    ]
    report = render(
        evaluation,
        *chapters,
        census=[Census("Control photographs " + LONG, 120, 100_000, 3)],
        refusals=[Refusal("ingest_images", f"images.csv line 12: {LONG} does not exist", 1)],
        provenance=[
            Provenance("symmetry_train@clp", {"x": LONG}, {"network-with-a-long-name": "ab" * 32}, 5, "cd" * 32)
        ],
        notices=["Drawn faces.", LONG],
    )
    scale = GradeScale(low=0.5, high=0.52, grades=5)
    distance = Distance(
        "clp",
        0.9,
        0.5,
        scale,
        np.linspace(0, 0.5, 900),
        np.linspace(0.4, 2, 900),
        np.linspace(0, 1, 50),
        trial(people=4),
    )
    own = as_reading("symmetry", "Symmetry", "a paper", [distance])
    points = np.stack([np.linspace(5, 95, 68), np.linspace(5, 55, 68)], axis=1)
    measured = Photo(LONG, "ab" * 32, None, region, region, region, points, 50.0, "left", [own], [Measure("Yaw", "2°")])
    photograph = np.full((300, 260, 3), 150, np.uint8)
    heat = np.linspace(0, 1, 64 * 64).reshape(64, 64)
    seen = pictures_of(*aligned_with(heat, photograph, np.array([[3.0, 0, 20], [0, 3.0, 30]])), opacity=0.7)
    given: dict[str, Any] = {**cohort_of(cohort.scores, HEADLINE), **seen}
    read = AnomalyReading(HEADLINE, score=4.2, **given)
    both = Photo(
        LONG,
        "ab" * 32,
        None,
        region,
        region,
        region,
        points,
        50.0,
        "left",
        [own, read.as_reading("anomaly", "Anomaly", "a paper")],
        [],
    )
    refused = Photo(LONG, "ab" * 32, f"cannot be read: {LONG}")
    folder = tmp_path_factory.mktemp("pages")
    written = {
        "report": report,
        "photo": render_photo_page(measured, notices=["Stand-in weights."]),
        "anomaly": render_photo_page(both, notices=[]),
        "refused": render_photo_page(refused, notices=[]),
    }
    for name, html in written.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", ["report", "photo", "anomaly", "refused"])
def test_opens_from_disk_alone_and_fits(name: str, width: int, browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    address = pages[name].as_uri()
    page.goto(address)
    assert [url for url in asked if not url.startswith("data:")] == [address]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && !e.closest('svg')
        && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className || e.tagName)"""
    assert page.evaluate(wide) == []
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert page.evaluate(broken) == 0
    page.close()
