"""Sign-in of people: OpenID Connect, roles, and sessions."""
