"""All SQL of push."""
