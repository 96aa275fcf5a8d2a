"""All SQL of products and partners."""
