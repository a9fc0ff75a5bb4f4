"""Each figure the README quotes, with the peer it is measured against in the same run."""
