"""Foundations that every system stands on: tables, digests, images, weights, trunks, checkpoints, the runtime."""
