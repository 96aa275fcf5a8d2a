"""The desk: what editors send is answered by a process of its own, so that readers do not wait."""
