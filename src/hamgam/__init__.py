"""Hamgam keeps a finance system in step with a CRM."""

__version__ = "0.1.0"
