"""The pack twin: logs of packs with known truth, from an electrode-level model that the estimators do not share.

Imports `core` only: no curve, parameter or kernel of `models` or `estimation` is used here.
"""
