"""SQL of push."""
