"""Whether photographs of one visit will do for three dimensions, said in seconds, before anything is reconstructed."""
