"""A DX7 over MIDI: ports, the allow-list of messages, the check-list, the thread that owns the ports."""
