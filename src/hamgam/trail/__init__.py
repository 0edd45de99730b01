"""What happened: entity mappings, the sync log, and what the installation remembers of its remote systems."""
