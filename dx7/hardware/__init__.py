"""A DX7 over MIDI in a program that goes on: the thread that owns its ports, what it sends back, and its check-list."""
