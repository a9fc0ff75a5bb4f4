"""A small stand-in for FLUX, trained on drawn faces, where the real weights cannot be had."""
