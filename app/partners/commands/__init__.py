"""The commands of products and partners, one in each file."""
