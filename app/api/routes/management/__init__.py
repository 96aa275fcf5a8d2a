"""Routes for editors and administrators."""
