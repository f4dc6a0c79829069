"""Virtual devices: a live pack behind real protocols on real transports, so that all can be tried without hardware.

The encoders are written from the makers' protocols and share nothing with `cellwarden.drivers`: one checks the other.
A device is one file of `protocols`; it turns a request and a reading into bytes and knows neither port nor clock.
"""
