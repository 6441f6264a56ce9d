"""A person's rights: what is held about them, and how all of it goes (docs/adr/0015)."""
