"""Cells as pure functions on arrays, and parameter sets as data files with citations; imports core only."""
