"""Sound: the Dexed engine, audition phrases, WAV files."""
