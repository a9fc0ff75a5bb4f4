"""Why a run failed, and what runs are called: the words alone. What the server keeps of them: test_rebuild."""

from datetime import UTC, datetime

import pytest

from flows.serving.causes import Outcome, cause, which_failed, why_failed
from flows.serving.names import impersonal, made_good, renamed


def test_of_a_traceback_the_exception_is_told() -> None:
    lines = ["Traceback (most recent call last):", "  File x", "pydantic.ValidationError: 1 error", "key", "    see y"]
    assert why_failed("toy", lines, "dvc's words") == "pydantic.ValidationError: 1 error"
    assert why_failed("toy", [*lines, "toy: raw/: no such folder"], "") == "raw/: no such folder"
    late = "10:27:49.601 | WARNING | EventsWorker - Still processing items"
    assert why_failed("toy", [*lines, "toy: raw/: no such folder", late, "leaked"], "") == "raw/: no such folder"
    assert why_failed("toy", ["toy: 3 computed", *lines, late], "") == "pydantic.ValidationError: 1 error"
    assert why_failed("toy", ["made of x", "work: the input is broken"], "") == "work: the input is broken"
    assert why_failed("toy", [late], "dvc's words") == "dvc's words"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("killed (exit code 137)", "lower runtime.workers"),
        ("pydantic.ValidationError: 1 error", "A fault of the program"),
        ("raw/: no such folder", "Put that right, then `vermilion rebuild`"),
    ],
)
def test_the_cause_comes_first_then_what_to_do(said: str, advice: str) -> None:
    failed = [Outcome(f"stage_{number}", "Failed", 1.0, said) for number in range(7)]
    below = [Outcome(f"below_{number}", "Blocked", 0.0, "a stage above it failed") for number in range(7)]
    lines = cause([Outcome("first", "Ran", 1.0, ""), *failed, *below]).splitlines()
    assert lines[0] == f"stage_0: {said}"
    assert advice in lines[1]
    assert lines[-2:] == [
        "... and 2 more stages failed",
        "Not run because of that: below_0, below_1, below_2, below_3, below_4 and 2 more.",
    ]
    assert cause([Outcome("first", "Ran", 1.0, "")]) == ""


DUE = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "deployment", "parameters", "wanted"),
    [
        ("brave-otter", "nightly", {"publish": True}, "night 2026-11-29"),
        ("brave-otter", "nightly vermilion 12ab34", {}, "night 2026-11-29"),
        ("brave-otter", "reevaluate", {"about": "batch-1: 1 rating"}, "reevaluation batch-1: 1 rating"),
        ("brave-otter", "reevaluate", {"about": ""}, "reevaluation"),
        ("brave-otter", "rebuild", {"stages": ["evaluate", "report"]}, "rebuild: evaluate, report"),
        ("brave-otter", "rebuild", {"stages": None}, "rebuild"),
        ("what if the margin is 2", "rebuild", {"stages": ["report"]}, "what if the margin is 2"),
        ("rebuild", None, {}, "rebuild"),
    ],
)  # fmt: skip
def test_a_run_says_what_it_is_for(
    name: str, deployment: str | None, parameters: dict[str, object], wanted: str
) -> None:
    assert renamed(name, deployment, parameters, DUE) == wanted


def test_a_night_that_was_missed_or_killed_is_made_good_once() -> None:
    assert made_good(None, []) is None
    assert made_good("night 2026-11-28", ["night 2026-11-29"]) == (
        "night 2026-11-28, made good",
        "the last night was missed: it runs now",
    )
    name, why = made_good(None, ["night 2026-11-29"]) or ("", "")
    assert (name, why) == ("night 2026-11-29, made good", "night 2026-11-29 was killed: it goes on now")
    assert impersonal(name) == name
    assert made_good(None, [name]) is None  # or what kills the machine would kill it for ever


def test_a_runs_name_has_the_stages_that_failed() -> None:
    outcomes = [Outcome(name, state, 0.0, "") for name, state in (("a", "Failed"), ("b", "Ran"), ("c", "Failed"))]
    assert which_failed(outcomes[:2]) == "a failed"
    assert which_failed(outcomes) == "a, c failed"
    assert which_failed([*outcomes, *outcomes[:1]]) == "a, c and 1 more failed"
    why = {
        "the training diverged: by step 40 the loss is nan": " (the training diverged)",
        "params.yaml: line 12: runtime.workers: 'p071' does not fit": " (runtime.workers in params.yaml)",
        "killed (exit code -9)": " (killed)",
        "data/x.parquet: cannot be written: 5,000 bytes or more (7 were free)": " (the disk is full)",
        "KeyError: 'p071'": " (a fault of the program)",
        "images.csv, line 3: p071.jpg: no such file": "",  # a run's name names nobody
    }
    for said, shown in why.items():
        assert which_failed([Outcome("a", "Failed", 0.0, said)]) == f"a failed{shown}"
        assert renamed(f"night 2026-11-29: a failed{shown}", "nightly", {}, None) == "night 2026-11-29"
    for said in ("symmetry_train@clp failed", "a, c and 1 more failed"):
        assert renamed(f"night 2026-11-29: {said}", "nightly", {}, None) == "night 2026-11-29"
