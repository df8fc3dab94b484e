"""
Of allauth's addresses, those that a product without sign-up and with fixed e-mail addresses has a
use for.
"""

from allauth.account import views
from django.urls import include, path, re_path
from django.views.generic import RedirectView

_TO_SECURITY = RedirectView.as_view(pattern_name="mfa_index")

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("login/code/", views.request_login_code, name="account_request_login_code"),
    path("login/code/confirm/", views.confirm_login_code, name="account_confirm_login_code"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path(
        "signup/", views.signup, name="account_signup"
    ),  # closed, and says so; allauth's pages link to it by name
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(  # the key has hyphens of its own, so the first one ends the user's part
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "email/", _TO_SECURITY, name="account_email"
    ),  # addresses are changed by an operations lead, not here
    path("email/sent/", _TO_SECURITY, name="account_email_verification_sent"),
    path("2fa/", include("allauth.mfa.urls")),
]
