"""The URLs of allauth that this product uses. It has no sign-up and fixed e-mail addresses."""

from allauth.account import views
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from config.accounts import second_factor

_TO_SECURITY = RedirectView.as_view(pattern_name="mfa_index")

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("login/code/", views.request_login_code, name="account_request_login_code"),
    path("login/code/confirm/", views.confirm_login_code, name="account_confirm_login_code"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    # allauth's pages link to this one by name. It says that signing up is closed.
    path("signup/", views.signup, name="account_signup"),
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
    re_path(  # the key can contain hyphens, so the user's part ends at the first one
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    # Only an operations lead can change an address.
    path("email/", _TO_SECURITY, name="account_email"),
    path("email/sent/", _TO_SECURITY, name="account_email_verification_sent"),
    path("2fa/totp/activate/", second_factor.ActivateView.as_view(), name="mfa_activate_totp"),
    path("2fa/", include("allauth.mfa.urls")),
]
