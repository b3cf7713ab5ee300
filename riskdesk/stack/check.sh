#!/bin/sh
# Every static check, all of them even when one fails; the exit code says whether any did.
set -u

failed=""
step() {
    name=$1
    shift
    if said=$("$@" 2>&1); then
        echo "ok      $name"
    else
        printf 'FAILED  %s\n%s\n' "$name" "$said"
        failed="$failed $name"
    fi
}

step format ruff format --check --quiet .
step lint ruff check --quiet .
step types mypy --strict accounts margin riskdesk
step migrations python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
step system-checks python manage.py check
step architecture lint-imports

[ -z "$failed" ] || { echo "make check failed:$failed"; exit 1; }
