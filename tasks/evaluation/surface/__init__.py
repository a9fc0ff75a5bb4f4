"""The chapter of three dimensions: faces from photographs of several sides."""
