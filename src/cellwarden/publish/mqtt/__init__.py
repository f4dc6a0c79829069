"""MQTT: what is said under which topic, and the client that says it."""
