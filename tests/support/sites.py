"""Actuators for sessions in tests."""

from service.core.actuators import Wiring
from service.core.state import Site

#: One stimulator channel like that of the demo.
ONE_SITE = (Site(Wiring(30.0, 0.5, 25.0)),)
