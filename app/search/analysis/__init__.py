"""Words brought into the form in which they are compared, language by language."""
