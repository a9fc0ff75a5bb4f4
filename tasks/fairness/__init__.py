"""What a measure of a lip must not follow, as far as a photograph shows it: skin, light and hair."""
