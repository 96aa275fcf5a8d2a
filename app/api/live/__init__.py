"""Server-sent events and long polls: subscribers are sent changes as they are committed."""
