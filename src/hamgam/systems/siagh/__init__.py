"""The connector of the Siagh finance system."""

from hamgam.systems.siagh.client import SiaghConnector

__all__ = ["SiaghConnector"]
