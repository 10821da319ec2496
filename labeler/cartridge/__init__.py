"""What the Cartridge page is made of: tiles, keys, panels, errands to the model."""
