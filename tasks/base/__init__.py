"""Foundations of every system: tables, digests, images, weights, trunks, checkpoints, training, processes, runtime."""
