"""Parts of the Cartridge page: tiles, actions, panels, generation jobs."""
