"""The connector of the Payamgostar CRM."""

from hamgam.systems.payamgostar.client import PayamgostarConnector

__all__ = ["PayamgostarConnector"]
