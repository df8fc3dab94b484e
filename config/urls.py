"""
The URLs of the product.

The probes /healthz, /readyz and /metrics are not here: config.observe.health answers them earlier.
"""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config.accounts import signin
from config.mail import page as mail_page
from config.web import errors
from delivery.approvals.admin import reminders
from integrations.publishing import site
from routing.desk import find
from routing.desk.dashboards import page as dashboards
from routing.work import files_view

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", signin.entrance, name="entrance"),
    path("portal/", include("delivery.portal.urls")),
    # For pages of Unfold that link no icon.
    path("favicon.ico", RedirectView.as_view(url=settings.STATIC_URL + "config/icon.svg")),
    path("accounts/", include("config.accounts.urls")),
    path("admin/mail/", admin.site.admin_view(mail_page.mail), name="mail"),
    path("admin/mail/<str:name>/", admin.site.admin_view(mail_page.html), name="mail_html"),
    path("admin/find/", admin.site.admin_view(find.search), name="search"),
    path(
        "admin/dashboards/<slug:name>/",
        admin.site.admin_view(dashboards.dashboard),
        name="dashboard",
    ),
    path("admin/remind/<int:item_id>/", admin.site.admin_view(reminders.remind), name="remind"),
    # Django's own page lets one guess at the old password for as long as one likes.
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("files/<uuid:key>/<str:name>", files_view.show, name="file"),
    # As pages linked to files before. It answers by the same rule.
    path("files/<int:key>/<str:name>", files_view.show),
    path("hooks/", include("integrations.inbox.urls")),
    path("site/<slug:slug>/<path:path>", site.page, name="site"),
]

handler400 = errors.unreadable
handler403 = errors.forbidden
handler404 = errors.missing
handler429 = errors.too_many  # used by allauth
handler500 = errors.failed
