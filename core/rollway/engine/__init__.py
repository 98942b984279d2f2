"""The imperative shell: it carries out what the domain decides."""
