"""What a run's plan shows of its stages. Their order and states are in test_rebuild.py, with real stages."""

import threading
from typing import Any

import pytest

from flows.serving import plan


def test_a_stages_lines_say_whose_they_are_and_its_bar_speaks_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", iter([100.0, 100.0, 101.0, 121.0, 121.0]).__next__)
    lines: list[str] = []
    hear = plan._heard("toy_stage@clp", lines)
    for line in (
        "Running stage 'toy_stage@clp':",
        "> python -m flows toy_stage --strategy clp",
        "toy_stage@clp: no Prefect server, running untracked (to watch: `vermilion serve` elsewhere)",
        "training:  10%|█         | 10/100 [00:01<00:09, 10.00step/s]",
        "training:  20%|██        | 20/100 [00:02<00:08, 10.00step/s]",
        "training:  99%|█████████▉| 99/100 [00:22<00:01, 10.00step/s]",
        "12% of the pixels are white",
        "toy_stage@clp: 4 buckets computed",
    ):
        hear(line)
    assert capsys.readouterr().out.splitlines() == [
        "Running stage 'toy_stage@clp':",
        "toy_stage@clp: training:  10%|█         | 10/100 [00:01<00:09, 10.00step/s]",
        "toy_stage@clp: training:  99%|█████████▉| 99/100 [00:22<00:01, 10.00step/s]",
        "toy_stage@clp: 12% of the pixels are white",
        "toy_stage@clp: 4 buckets computed",
    ]
    assert lines == [
        "Running stage 'toy_stage@clp':",
        "12% of the pixels are white",
        "toy_stage@clp: 4 buckets computed",
    ]


class Repository:
    """Notes which stages begin, in place of a process of DVC. A stage of `awaiting` ends once another has begun."""

    def __init__(self, begun: list[str], awaiting: dict[str, threading.Event]) -> None:
        self.for_stages: dict[str, str] = {}
        self.begun, self.awaiting = begun, awaiting

    def ask(self, act: str, say: Any, *, stage: str, force: bool) -> str:
        self.begun.append(stage)
        for name, event in self.awaiting.items():
            if stage == name:
                assert event.wait(20)
            elif stage == "other":
                event.set()
        return "Ran"

    def close(self) -> None:
        pass


def stage(name: str, *upstream: str, missing: bool = False) -> plan.Stage:
    return plan.Stage(
        name=name, upstream=list(upstream), is_data=False, training=False, early=name == "page", stale=True, deps=[],
        missing=[name] if missing else [], in_lock=False, in_git=[],
    )  # fmt: skip


def begun(missing: bool, awaiting: dict[str, threading.Event]) -> list[str]:
    names: list[str] = []
    stages = [stage("drawn"), stage("read", "drawn"), stage("page", "read", missing=missing), stage("other")]
    two: Any = [Repository(names, awaiting), Repository(names, awaiting)]
    outcomes = plan.run_plan(two, stages, training=True, force=False)
    assert [(one.stage, one.state) for one in outcomes] == [(one.name, "Ran") for one in stages]
    return names


def test_nothing_overtakes_a_page_that_is_to_be_there_early() -> None:
    assert begun(missing=True, awaiting={}) == ["drawn", "read", "page", "other"]


def test_a_page_that_is_there_is_overtaken() -> None:
    assert begun(missing=False, awaiting={"drawn": threading.Event()})[:2] == ["drawn", "other"]
