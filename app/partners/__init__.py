"""Products and partners: who may read what, under which agreement."""
