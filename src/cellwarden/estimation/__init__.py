"""One quantity per file, found as plug-ins; imports models and core."""
