import pytest
import torch

from bench import synthesis_gpu


def test_the_bench_runs_every_way_at_tiny_size(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        synthesis_gpu.main(["--tiny", "--sides", "32", "--steps", "1", "--precisions", "bfloat16", "fp8", "int8"])
    finally:
        torch.set_num_threads(threads)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in lines[4:]] == ["| plain recipe", "| bfloat16", "| fp8", "| int8"]
    assert len({line.count("|") for line in lines[2:]}) == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_card_the_bench_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    synthesis_gpu.main([])
    assert "no CUDA card here" in capsys.readouterr().out
