"""Faces as the systems that look at pixels share them: levelled and cropped, by region, compared pixel by pixel."""
