"""Landing database, sealed days, roll-ups and queries: acknowledged means on disk."""
