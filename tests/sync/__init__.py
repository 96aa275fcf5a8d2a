"""Sync: snapshots, changes, tombstones."""
