"""Addresses of the pages people see. Codes are in upper case, so they never meet a word."""

from django.urls import path

from margin.pages import calculator, desk, engine, fragments, mail

urlpatterns = [
    path("", desk.desk_page, name="desk"),
    path("desk/<str:code>/alerts/", fragments.alerts, name="desk_alerts"),
    path("desk/<str:code>/state/", fragments.state, name="desk_state"),
    path("desk/<str:code>/history/", fragments.history, name="desk_history"),
    path("desk/<str:code>/accounts/<str:account>/", fragments.account, name="desk_account"),
    path("engine/", engine.room, name="engine"),
    path("engine/parts/", engine.parts, name="engine_parts"),
    path("calculator/", calculator.page, name="calculator"),
    path("mail/", mail.room, name="mail_room"),
    path("mail/<uuid:message>/", mail.message, name="mail_message"),
    path("mail/<uuid:message>/body/", mail.body, name="mail_body"),
]
