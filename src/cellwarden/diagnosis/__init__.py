"""One fault per file, found as plug-ins; imports estimation, models and core."""
