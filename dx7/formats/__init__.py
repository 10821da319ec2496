"""The file formats that voices are found in, and how bytes are judged that have none."""
