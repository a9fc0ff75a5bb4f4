"""How fast an inversion learns, and how much noise its latent gets, iteration by iteration.

In: the iteration, from 0, and the settings. Out: numbers. The schedules of the StyleGAN2 projector (Karras et al.
2020, appendix D), which Hayajneh et al. use without naming them. Knows nothing of tensors.
"""

from tasks.base import schedules
from tasks.params.anomaly import AnomalyInvert


def learning_rate(step: int, settings: AnomalyInvert) -> float:
    """It rises in a line over `ramp_up` of the iterations, and falls by half a cosine over the last `ramp_down`."""
    done = step / settings.iterations
    rising = settings.learning_rate * schedules.ramp_up(done, settings.ramp_up)
    return rising * schedules.ramp_down(done, settings.ramp_down)


def latent_noise(step: int, settings: AnomalyInvert) -> float:
    """In units of w's spread: `latent_noise` at first, falling with the square to 0 at `noise_until`."""
    return settings.latent_noise * schedules.squared_fall(step / settings.iterations, until=settings.noise_until)


def curve_steps(settings: AnomalyInvert) -> list[int]:
    """Iterations whose LPIPS is kept, evenly spaced from 0 to `iterations`, the end; each once."""
    last = settings.curve_points - 1
    return sorted({round(point * settings.iterations / last) for point in range(settings.curve_points)})
