"""Whether a generated picture may be shown: screening, identity, release."""
