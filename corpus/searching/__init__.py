"""Finding voices: by name, by what is known of them, by sound."""
