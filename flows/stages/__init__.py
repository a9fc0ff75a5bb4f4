"""One module per system: its stages as flows, each named like its stage in dvc.yaml."""
