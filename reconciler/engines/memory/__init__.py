"""A studio in memory that behaves like the real ones; public, for tests and planning without sound."""
