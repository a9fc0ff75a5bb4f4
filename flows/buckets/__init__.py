"""What is computed: work split by content, looked up in the store, computed where missing, joined.

It decides results, so every stage depends on it.
"""
