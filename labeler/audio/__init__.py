"""Audio for the browser: voices rendered on the engine, the HTTP routes that serve them, the MIDI port."""
