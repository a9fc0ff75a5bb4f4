import torch

from tasks.anomaly import stylegan2
from tests.anomaly import small_inversion as small


def test_filters_made_without_gradients_serve_those_who_want_them():
    generator, _ = small.networks()
    stylegan2._filter.cache_clear()
    w = torch.randn(1, generator.num_ws, generator.w_dim)
    with torch.inference_mode():
        once = generator.synthesise(w, "none").clone()
    w.requires_grad_()
    again = generator.synthesise(w, "none")
    again.square().sum().backward()
    assert torch.equal(again, once)
    assert w.grad.abs().sum() > 0


def test_filters_keep_the_mean_of_a_flat_picture():
    flat = torch.full((2, 3, 8, 8), 0.7)
    assert torch.allclose(stylegan2.doubled(flat)[:, :, 2:-2, 2:-2], torch.tensor(0.7))
    assert torch.allclose(stylegan2.blurred(flat, gain=1.0)[:, :, 1:-1, 1:-1], torch.tensor(0.7))
