"""Measured side by side with what users would use instead, as ratios in one run.

``python -m benchmarks`` runs all parts, prints one table and writes JSON; each part also runs alone
(``python -m benchmarks.turns``). Nothing here is asserted: a bar that is missed is printed as missed.
"""
