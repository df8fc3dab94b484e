from django.urls import path

from delivery.portal import new, steps, views

app_name = "portal"

urlpatterns = [
    path("", views.home, name="home"),
    path("requests/", views.requests, name="requests"),
    path("requests/<slug:ref>/", views.one, name="request"),
    path("requests/<slug:ref>/answer/", steps.answer_question, name="answer"),
    path("requests/<slug:ref>/withdraw/", steps.withdraw_request, name="withdraw"),
    path("requests/<slug:ref>/files/<int:file_id>/", views.file, name="file"),
    path("new/", new.choose, name="new"),
    path("new/<slug:slug>/", new.fill, name="form"),
    path("sent/<slug:token>/", new.sent, name="sent"),
]
