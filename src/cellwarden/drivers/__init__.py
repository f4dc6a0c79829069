"""Devices, one file each: requests, a field table and `decode`; import `core` only and never touch a port.

Ports are in `cellwarden.drivers.transport`. Drivers only read: no request here changes a setting of a device.
"""
