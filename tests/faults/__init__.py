"""Faults caused for real, and a checker that finds what they broke.

`python -m tests.faults` is the long form; `test_faults.py` the short one. What the figures mean is
in docs/faults.md.
"""
