"""The database: connections, sessions, statements, schema and migrations."""
