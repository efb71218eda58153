"""Reference data about organizations."""
