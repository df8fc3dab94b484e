"""
The door against what else could write the same rows, side by side in one run: ``python -m bench``.
"""
