"""Server-sent events and long polls: clients get changes soon after they are committed."""
