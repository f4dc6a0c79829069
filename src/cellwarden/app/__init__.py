"""Configuration to objects: the command line and the Python interface; the only room that knows all others."""
