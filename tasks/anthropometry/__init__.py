"""Anthropometry: named points of a face, what is measured between them, norms and findings.

Offline AI solutions for cosmetic facial analysis (Solution 1), with the measures of a cleft lip and nose.
"""
