from django.urls import path

from integrations.hooks import hook

urlpatterns = [path("<slug:slug>/", hook, name="hook")]
