"""What a deployment asks for on the way: the tables of its release, before the functions that need them."""

from __future__ import annotations

from insights_engine.custom_resource import handle
from insights_engine.log import naming_invocations

handler = naming_invocations(handle)
