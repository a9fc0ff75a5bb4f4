"""From raw files to lip halves: what is there, which frames, where the landmarks are, where the lips."""
