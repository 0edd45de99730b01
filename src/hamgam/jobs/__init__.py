"""Between a notice and its sync: it waits here, durably, once per entity."""
