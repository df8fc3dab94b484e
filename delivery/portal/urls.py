from django.urls import path

from delivery.portal import (
    campaigns,
    changing,
    deciding,
    drafts,
    new,
    overview,
    steps,
    views,
    works,
)

app_name = "portal"

urlpatterns = [
    path("", views.home, name="home"),
    path("drafts/", drafts.keep_draft, name="drafts"),
    path("figures/", overview.overview, name="overview"),
    path("reports/<int:key>/", overview.report, name="report"),
    path("reports/<int:key>/report.<slug:form>", overview.report_file, name="report_file"),
    path("requests/", views.requests, name="requests"),
    path("requests/<slug:ref>/", views.one, name="request"),
    path("requests/<slug:ref>/answer/", steps.answer_question, name="answer"),
    path("requests/<slug:ref>/withdraw/", steps.withdraw_request, name="withdraw"),
    path("requests/<slug:ref>/files/<uuid:key>/", views.file, name="file"),
    path("campaigns/<slug:ref>/", campaigns.campaign, name="campaign"),
    path("questions/<slug:ref>/", deciding.question, name="question"),
    path("questions/<slug:ref>/decide/", deciding.decide, name="decide"),
    path("questions/<slug:ref>/preview/", deciding.preview, name="preview"),
    path("questions/<slug:ref>/images/<slug:digest>/", deciding.asset, name="asset"),
    path("questions/<slug:ref>/files/<uuid:key>/", deciding.part, name="part"),
    path("work/<slug:ref>/", works.work, name="work"),
    path("work/<slug:ref>/received/", works.received, name="received"),
    path("work/<slug:ref>/change/", changing.change, name="change"),
    path("requests/<slug:ref>/impact/", changing.answer_impact, name="impact"),
    path("work/<slug:ref>/parts/<uuid:key>/", works.part, name="work_part"),
    path("work/<slug:ref>/files/<uuid:key>/", works.file, name="work_file"),
    path("new/", new.choose, name="new"),
    path("new/<slug:slug>/", new.fill, name="form"),
    path("sent/<slug:token>/", new.sent, name="sent"),
    # Addresses of files as pages had them before. They answer by the same rules.
    path("requests/<slug:ref>/files/<int:key>/", views.file),
    path("questions/<slug:ref>/files/<int:key>/", deciding.part),
    path("work/<slug:ref>/parts/<int:key>/", works.part),
    path("work/<slug:ref>/files/<int:key>/", works.file),
]
