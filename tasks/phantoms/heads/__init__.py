"""Heads in three dimensions whose asymmetry is known exactly, and photographs of them from several sides."""
