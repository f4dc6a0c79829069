"""Rules that narrow the limits, one a file, and the envelope that joins them; never looser than the manufacturer."""
