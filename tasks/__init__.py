"""What the stages compute: plain functions on arrays, tables and paths. Knows neither Prefect nor DVC."""

import os

# Ten seconds after it is loaded, onnxruntime turns to its maker's host, unless this was set before.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
