"""Tools that know nothing about news: database, clock, ids, errors, cursors, logs, metrics."""
