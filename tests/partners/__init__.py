"""Products, partners and their keys."""
