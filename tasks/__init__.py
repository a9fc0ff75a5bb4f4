"""What the stages compute: plain functions on arrays, tables and paths. Knows neither Prefect nor DVC."""

import os

# onnxruntime's library opens a connection to its maker's host ten seconds after it is loaded, unless this was set before.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
