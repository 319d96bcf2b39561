"""Django's admin with this product's site. (Apps load before models, so it stands alone.)"""

from django.contrib.admin.apps import AdminConfig


class DeskConfig(AdminConfig):
    default_site = "config.admin_site.Desk"
