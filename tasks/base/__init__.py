"""Foundations of every system: tables, digests, images, weights, trunks, checkpoints, processes, the runtime."""
