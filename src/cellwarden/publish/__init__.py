"""What other systems read: MQTT with Home Assistant discovery, Prometheus, SunSpec, battery passport, messages."""
