"""Addresses of the pages people see. Codes are in upper case, so they never meet a word."""

from django.urls import path

from margin.pages import (
    account,
    calculator,
    client,
    desk,
    engine,
    exposures,
    find,
    fragments,
    limit_changes,
    limit_presets,
    limits,
    mail,
)
from riskdesk import codes  # noqa: F401 - its converter

urlpatterns = [
    path("", desk.desk_page, name="desk"),
    path("desk/<code:code>/alerts/", fragments.alerts, name="desk_alerts"),
    path("desk/<code:code>/state/", fragments.state, name="desk_state"),
    path("desk/<code:code>/history/", fragments.history, name="desk_history"),
    path("desk/<code:code>/accounts/<code:account>/", fragments.account, name="desk_account"),
    path("accounts/<code:account>/", account.account_page, name="account"),
    path("accounts/<code:account>/now/", account.account_now, name="account_now"),
    path("accounts/<code:account>/why/", account.account_why, name="account_why"),
    path("accounts/<code:account>/modes/", account.account_modes, name="account_modes"),
    path("accounts/<code:account>/history/", account.account_history, name="account_history"),
    path("clients/<code:client>/", client.client_page, name="client"),
    path("clients/<code:client>/now/", client.client_renewed, name="client_now"),
    path("find/", find.find_page, name="find"),
    path("find/rows/", find.find_rows, name="find_rows"),
    path("exposures/", exposures.exposures_page, name="exposures"),
    path("exposures/now/", exposures.exposures_now, name="exposures_now"),
    path("limits/", limits.limits_page, name="limits"),
    path("limits/now/", limits.limits_now, name="limits_now"),
    path("limits/propose/", limit_changes.propose_page, name="limit_propose"),
    path("limits/presets/", limit_presets.presets_page, name="limit_presets"),
    path("limits/<int:limit>/", limits.limit_history, name="limit_history"),
    path("limits/buffers/<int:buffer>/", limits.buffer_history, name="buffer_history"),
    path("limits/changes/<int:change>/", limit_changes.change_page, name="limit_change"),
    path("limits/changes/<int:change>/dry-run/", limit_changes.change_tried, name="limit_change_tried"),
    path("limits/changes/<int:change>/<slug:deed>/", limit_changes.change_decided, name="limit_decide"),
    path("engine/", engine.room, name="engine"),
    path("engine/parts/", engine.parts, name="engine_parts"),
    path("calculator/", calculator.page, name="calculator"),
    path("mail/", mail.room, name="mail_room"),
    path("mail/<uuid:message>/", mail.message, name="mail_message"),
    path("mail/<uuid:message>/body/", mail.body, name="mail_body"),
]
