"""How a run is shown and where it runs: tracking, progress, task runners, GPU cards, processes. Decides no result."""
