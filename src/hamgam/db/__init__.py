"""The database: tables, connections, schema versions and the embedded server."""
