"""The artifact store: results by content, shared between machines, collected when nothing refers to them."""
