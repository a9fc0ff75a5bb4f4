"""The chapter of the landmark measures."""
