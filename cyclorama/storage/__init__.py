"""Storage: engine, sessions, rows, types and migrations; knows no GraphQL."""
