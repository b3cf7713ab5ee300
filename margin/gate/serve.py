"""The gate as a process: settings, one log, and a refused start like every other process of the desk."""

import os

import django

from riskdesk.start import refuse_on_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskdesk.settings")
django.setup()  # this sets up the log too
refuse_on_errors(tags=["riskdesk"])

from margin.gate.app import application  # noqa: E402

__all__ = ["application"]
