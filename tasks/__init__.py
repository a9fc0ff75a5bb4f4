"""What the stages compute: plain functions on arrays, tables and paths. Knows neither Prefect nor DVC."""
