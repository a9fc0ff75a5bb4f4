"""Threads, device and random numbers, so that the same inputs give the same bytes.

In: thread counts and seeds from params.yaml. Out: a torch that is settled for the length of a `with`
block, and generators named by what they are for. Knows nothing of what is computed.

On a CPU two runs with the same thread count are equal bit for bit. On a GPU torch is asked for its
deterministic algorithms; equal bits are then likely on one machine, and promised by nobody. cuDNN's attention is off
there: its backward pass failed on an H200 (torch 2.11), where flash attention's did not.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # torch takes seconds to import, which those who only want a seed need not wait for
    import torch


def device() -> "torch.device":
    """The first GPU if torch sees one, else the CPU. `CUDA_VISIBLE_DEVICES=` in the environment hides GPUs."""
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def settled(*, threads: int, seed: int) -> Iterator[None]:
    """Torch with `threads` CPU threads, deterministic algorithms and its global generator at `seed`.

    Everything is put back at the end, so a caller's own random numbers are not disturbed. Deterministic algorithms are
    asked for by the debug mode: `use_deterministic_algorithms` imports torch's compiler, which takes seconds.
    """
    import torch

    threads_before, strict_before = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    fills_before = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    attention_before = torch.backends.cuda.cudnn_sdp_enabled()  # type: ignore[no-untyped-call]
    here = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=here):
        try:
            torch.set_num_threads(threads)
            if device().type == "cuda":
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
                torch.set_deterministic_debug_mode("error")
                torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
                torch.backends.cuda.enable_cudnn_sdp(False)
            torch.manual_seed(seed)
            yield
        finally:
            torch.set_num_threads(threads_before)
            torch.set_deterministic_debug_mode(strict_before)
            torch.utils.deterministic.fill_uninitialized_memory = fills_before  # type: ignore[attr-defined]
            torch.backends.cuda.enable_cudnn_sdp(attention_before)


def seed_of(*name: int | str) -> int:
    """A seed in [0, 2**63) from a seed and what it is for, such as (7, "order", epoch); stable everywhere."""
    return int.from_bytes(hashlib.sha256(repr(name).encode()).digest()[:8], "big") >> 1


def generator(*name: int | str) -> "torch.Generator":
    """A CPU generator that depends on `name` alone: a resumed run draws what an uninterrupted one draws."""
    import torch

    return torch.Generator().manual_seed(seed_of(*name))
