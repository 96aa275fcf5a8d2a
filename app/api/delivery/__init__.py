"""From a public request to its answer: one function for each public resource, without HTTP."""
