"""The generated pictures against photographs and raters."""
