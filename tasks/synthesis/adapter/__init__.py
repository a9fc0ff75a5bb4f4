"""LoRA adapters: what they learn from, how they are trained, what is written beside them."""
