"""What a run's plan shows of its stages. Their order and states are in test_rebuild.py, with real stages."""

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
