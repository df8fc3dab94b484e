from django.urls import path

from integrations.inbox.hooks import hook

urlpatterns = [path("<slug:slug>/", hook, name="hook")]
