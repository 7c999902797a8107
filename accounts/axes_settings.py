"""Configures django-axes: `from accounts.axes_settings import *` in a project's settings.

The limits in `settings.PEERCHAT` say how many wrong passwords are allowed.
"""

AXES_HANDLER = "accounts.lockout.Handler"
AXES_FAILURE_LIMIT = "accounts.lockout.failure_limit"
AXES_COOLOFF_TIME = "accounts.lockout.cool_off"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username"]
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.refuse"
# The use log has who logged in.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
