"""Mails as they will look: subject, plain text and HTML.

Takes an alert (with its desk) and the site's address; gives texts. Pure but for reading templates: never
asks the network, so that it may run inside the transaction that raises the alert.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from margin.engine.local_time import zone_named
from margin.models import Alert
from margin.notify.cleaning import one_line, paragraphs_of


class Letter(NamedTuple):
    subject: str
    text: str
    html: str


def compose(alert: Alert) -> Letter:
    """The mail that tells of an alert."""
    desk = alert.desk
    title = one_line(alert.title)
    subject = one_line(f"{alert.get_severity_display()}, {desk.name}: {title}")
    account, client = alert.sub_account, alert.client
    facts = [
        ("Client", f"{one_line(client.name)} ({client.code})" if client else ""),
        ("Sub-account", account.code if account else ""),
        ("Raised", local_time(alert.raised_at, desk.zone)),
        ("Reason", alert.reason.replace("_", " ")),
    ]
    return write(
        "alert",
        subject,
        severity=alert.severity,
        severity_name=alert.get_severity_display(),
        desk=desk,
        title=title,
        paragraphs=paragraphs_of(alert.text),
        facts=[(name, value) for name, value in facts if value],
        link=site_link(_path_to(alert)),
        link_text=f"Open {(account or client or desk).code}",
        run=alert.run_id,
    )


def _path_to(alert: Alert) -> str:
    """The page that shows most of it: the sub-account's, else the client's, else the desk."""
    if alert.sub_account:
        return reverse("account", args=[alert.sub_account.code])
    if alert.client:
        return reverse("client", args=[alert.client.code])
    return f"{reverse('desk')}?desk={alert.desk.code}"


def write(template: str, subject: str, **context: Any) -> Letter:
    """Both bodies of a mail from its two templates; styles end up on the elements, as mail readers need."""
    context |= {"subject": subject}
    text = render_to_string(f"letters/{template}.txt", context).strip() + "\n"
    return Letter(subject, text, _inliner().inline(render_to_string(f"letters/{template}.html", context)))


def local_time(instant: datetime, zone: str) -> str:
    """An instant as the desk's wall clock says it, the zone named."""
    return f"{wall_clock(instant, zone):%a %-d %b %Y, %H:%M:%S %Z} ({zone})"


def wall_clock(instant: datetime, zone: str) -> datetime:
    """In UTC where nobody knows the desk's zone: a letter goes out all the same."""
    try:
        return instant.astimezone(zone_named(zone))
    except ValueError:
        return instant.astimezone(UTC)


def site_link(path: str) -> str:
    return f"{settings.ENV.base_url}{path}"


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
