"""All voices on one plane, near each other where they sound alike."""
