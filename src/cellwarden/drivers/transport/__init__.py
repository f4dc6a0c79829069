"""Ports, once for all drivers: bytes over serial line and TCP, messages over CAN and MQTT; asyncio, one event loop.

`pyserial`, `python-can` and `aiomqtt` are extras (`serial`, `can`, `mqtt`) and imported where they are used.
"""
