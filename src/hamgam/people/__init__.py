"""Who may use the web service."""
