"""Measures over time: one side for all frames, means with an interval by spread, and frames that have nothing."""

from typing import Any

import numpy as np
import pytest

from tasks.anthropometry.clip_page import EDGE, HIGH, WIDE, render_clip_page
from tasks.anthropometry.clips import Frame, courses, gaps, over_frames, table_rows
from tasks.anthropometry.measures.catalogue import BY_NAME

HEIGHT, RATIO, WIDTH = (BY_NAME[name] for name in ("peak_height_difference", "bow_width_ratio", "mouth_width"))
MEASURES = (HEIGHT, RATIO, WIDTH)
HIDDEN = "the lips are parted"


def row(name: str, value: float | None, side: str | None = None, mm: float | None = None) -> dict[str, Any]:
    return {"measure": name, "value": value, "side": side, "mm": mm, "reason": None if value is not None else HIDDEN}


def frame(index: int, height: float | None, side: str, ratio: float) -> Frame:
    rows = [row(HEIGHT.name, height, side, height and 80 * height), row(RATIO.name, ratio, side), row(WIDTH.name, None)]
    return Frame(index, index / 25, None, rows)


FRAMES = [
    frame(0, 0.03, "left", 1.2),
    frame(2, 0.02, "left", 1.1),
    Frame(4, 0.16, "no face found"),
    frame(6, 0.01, "right", 1.25),
    frame(8, None, "left", 1.0),
]


def test_a_course_is_seen_from_the_side_that_most_frames_name() -> None:
    height, ratio = courses(FRAMES, MEASURES)
    assert (height.side, ratio.side) == ("left", "left")
    assert height.values == [0.03, 0.02, None, -0.01, None]
    assert ratio.values == [1.2, 1.1, None, 1 / 1.25, 1.0]
    assert [*height.times] == [0, 0.08, 0.16, 0.24, 0.32]


def test_the_mean_has_an_interval_by_the_frames_spread() -> None:
    height, ratio, width = over_frames(FRAMES, MEASURES, confidence=0.95)
    values = np.array([0.03, 0.02, -0.01])
    reach = 4.302653 * values.std(ddof=1) / np.sqrt(3)  # Student's t, 2 degrees of freedom
    assert height["value"] == pytest.approx(values.mean())
    assert [height["low"], height["high"]] == pytest.approx([values.mean() - reach, values.mean() + reach])
    assert (height["side"], height["deviation"]) == ("left", height["value"])
    assert height["mm"] == pytest.approx(80 * values.mean())
    assert ratio["value"] == pytest.approx(np.mean([1.2, 1.1, 0.8, 1.0]))
    assert (width["value"], width["reason"]) == (None, f"in no frame; most often: {HIDDEN}")


def test_the_table_has_every_frame_with_its_time() -> None:
    rows = table_rows(FRAMES)
    assert len(rows) == 4 * len(MEASURES) + 1
    assert rows[6] == {"frame": 4, "time_s": 0.16, "measure": "", "reason": "no face found"}
    assert (rows[0]["frame"], rows[0]["time_s"], rows[-1]["time_s"]) == (0, 0.0, 0.32)


def test_the_page_draws_lines_that_break_where_nothing_is_known() -> None:
    rows = over_frames(FRAMES, MEASURES, confidence=0.95)
    html = render_clip_page("<clip>.avi", image_id="ab" * 32, frames=FRAMES, rows=rows, measures=MEASURES)
    assert "&lt;clip&gt;.avi" in html
    assert "4 of 5 frames" in html
    assert "1 frame: no face found" in html
    top, last = f"{EDGE},{EDGE}", f"{WIDE - EDGE},"
    assert f'points="{top} ' in html  # the most, at the start
    assert html.count("<polyline") == 3  # height once, ratio twice: before and after the frame without a face
    assert last in html
    assert f",{HIGH - EDGE} " in html  # the least
    assert f"{WIDTH.words}: in no frame; most often: {HIDDEN}" in html
    assert f"1 frame, the first: {HIDDEN}. Without a value there: {HEIGHT.words.replace(chr(39), '&#39;')}" in html
    assert "Not measured</h2>" in render_clip_page("clip.avi", image_id="", reason="no clip")


def test_reasons_that_differ_by_their_numbers_are_one() -> None:
    parted = [{**row(WIDTH.name, None), "reason": f"mouth open by 0.{wide} pupil distances"} for wide in (12, 20)]
    turned = {**row(RATIO.name, None), "reason": "turned"}
    frames = [Frame(0, 0.0, None, [row(WIDTH.name, 0.5), turned])]
    frames += [Frame(number, 0.1, None, [own, row(RATIO.name, 1.0)]) for number, own in enumerate(parted, 1)]
    found = [(gap.reason, len(gap.frames), gap.words) for gap in gaps(frames, MEASURES)]
    assert found == [("mouth open by 0.12 pupil distances", 2, [WIDTH.words]), ("turned", 1, [RATIO.words])]
