"""The addresses of the API. Included at `api/`; whatever is not listed is a 404 in JSON."""

from django.urls import path, re_path

from margin.api import (
    accounts,
    alerts,
    breaches,
    calculator,
    calls,
    desks,
    exposures,
    history,
    limit_changes,
    limits,
    positions,
    prices,
    restrictions,
    schema,
    stress,
    transfers,
    workings,
)
from margin.api.problems import no_such_address
from riskdesk import codes  # noqa: F401 - its converter

urlpatterns = [
    path("v1/calculator/", calculator.Calculator.as_view(), name="api-calculator"),
    path("v1/calculator/compare/", calculator.Compare.as_view(), name="api-calculator-compare"),
    path("v1/prices/", prices.Prices.as_view(), name="api-prices"),
    path("v1/positions/", positions.Positions.as_view(), name="api-positions"),
    path("v1/transfers/", transfers.Transfers.as_view(), name="api-transfers"),
    path("v1/accounts/", accounts.Accounts.as_view(), name="api-accounts"),
    path("v1/accounts/<code:account>/", accounts.Account.as_view(), name="api-account"),
    path(
        "v1/accounts/<code:account>/positions/",
        accounts.Held.as_view(),
        name="api-account-positions",
    ),
    path("v1/accounts/<code:account>/history/", history.History.as_view(), name="api-account-history"),
    path("v1/accounts/<code:account>/explain/", workings.Explain.as_view(), name="api-explain"),
    path("v1/accounts/<code:account>/bridge/", workings.Between.as_view(), name="api-bridge"),
    path("v1/exposures/", exposures.Exposures.as_view(), name="api-exposures"),
    path("v1/stress/", stress.StressLab.as_view(), name="api-stress"),
    path("v1/alerts/", alerts.Alerts.as_view(), name="api-alerts"),
    path("v1/alerts/<int:alert>/", alerts.OneAlert.as_view(), name="api-alert"),
    path("v1/alerts/<int:alert>/acknowledge/", alerts.Acknowledge.as_view(), name="api-acknowledge"),
    path("v1/breaches/", breaches.Breaches.as_view(), name="api-breaches"),
    path("v1/breaches/<int:breach>/", breaches.OneBreach.as_view(), name="api-breach"),
    path("v1/calls/", calls.Calls.as_view(), name="api-calls"),
    path("v1/calls/<int:call>/", calls.OneCall.as_view(), name="api-call"),
    *(
        path(f"v1/calls/<int:call>/{verb}/", calls.acting(verb).as_view(), name=f"api-call-{verb}")
        for verb in calls.VERBS
    ),
    path("v1/restrictions/", restrictions.Restrictions.as_view(), name="api-restrictions"),
    path(
        "v1/restrictions/<int:restriction>/lift/",
        restrictions.LiftRestriction.as_view(),
        name="api-restriction-lift",
    ),
    path("v1/limits/", limits.Limits.as_view(), name="api-limits"),
    path("v1/limits/changes/", limit_changes.Changes.as_view(), name="api-changes"),
    path("v1/limits/changes/<int:change>/", limit_changes.OneChange.as_view(), name="api-change"),
    path("v1/limits/changes/<int:change>/dry-run/", limit_changes.TryChange.as_view(), name="api-try-change"),
    path("v1/limits/changes/<int:change>/approve/", limit_changes.Approve.as_view(), name="api-approve"),
    path("v1/limits/changes/<int:change>/reject/", limit_changes.Reject.as_view(), name="api-reject"),
    path("v1/limits/changes/<int:change>/withdraw/", limit_changes.Withdraw.as_view(), name="api-withdraw"),
    path("v1/desk/<code:desk>/snapshot/", desks.DeskSnapshot.as_view(), name="api-snapshot"),
    path("schema/", schema.Schema.as_view(), name="api-schema"),
    path("docs/", schema.Docs.as_view(), name="api-docs"),
    re_path(r"^.*$", no_such_address, name="api-nowhere"),
]
