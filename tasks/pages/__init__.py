"""The page kit: templates' environment, macros, style, figures, overlays."""
