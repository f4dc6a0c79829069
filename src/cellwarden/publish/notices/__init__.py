"""Messages to people about findings: once each, not at night unless it is urgent."""
