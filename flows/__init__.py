"""How the stages run: the only code that imports Prefect.

A stage `system_verb` is the flow of that name in `flows/system.py`.
"""
