"""A pack twin that is stepped forward as time goes on: state in, state out; it knows no clock and no device.

The cells, the string, the heat and the BMS are those of the pack twin for logs (`simulator.pack_kernel`). Here the
duty is a function of time without end, steps have any length from 0.1 to 10 s, and sensors are read one moment at a
time.
"""
