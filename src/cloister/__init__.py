"""Cloister: a private machine-learning cloud on one machine, with network isolation that is real.

Start with ``docs/architecture.md``; ``app.py`` joins the rooms into processes, ``cli/`` is what a person types.
"""
