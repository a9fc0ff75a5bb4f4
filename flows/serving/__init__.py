"""`vermilion serve`: Prefect's server, its deployments, rebuilds and publishing."""
