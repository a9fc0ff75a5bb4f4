"""How fast an inversion learns, and how much noise its latent gets, iteration by iteration.

In: the iteration, from 0, and the settings. Out: numbers. The schedules of the StyleGAN2 projector (Karras et al.
2020, appendix D), which Hayajneh et al. use without naming them. Knows nothing of tensors.
"""

import math

from tasks.params.anomaly import AnomalyInvert


def learning_rate(step: int, settings: AnomalyInvert) -> float:
    """It rises in a line over `ramp_up` of the iterations, and falls by half a cosine over the last `ramp_down`."""
    done = step / settings.iterations
    rise = min(1.0, done / settings.ramp_up) if settings.ramp_up else 1.0
    left = min(1.0, (1.0 - done) / settings.ramp_down) if settings.ramp_down else 1.0
    return settings.learning_rate * rise * (0.5 - 0.5 * math.cos(left * math.pi))


def latent_noise(step: int, settings: AnomalyInvert) -> float:
    """In units of w's spread: `latent_noise` at first, falling with the square to 0 at `noise_until`."""
    done = step / settings.iterations
    left = max(0.0, 1.0 - done / settings.noise_until) if settings.noise_until else 0.0
    return settings.latent_noise * left**2


def curve_steps(settings: AnomalyInvert) -> list[int]:
    """Iterations whose LPIPS is kept, evenly spaced from 0 to `iterations`, the end; each once."""
    last = settings.curve_points - 1
    return sorted({round(point * settings.iterations / last) for point in range(settings.curve_points)})
