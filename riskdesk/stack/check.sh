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

strict=""
for room in accounts riskdesk margin/api margin/book margin/charts margin/demo margin/engine margin/flow margin/gate \
    margin/live margin/management margin/models margin/notify margin/pages margin/tasks.py margin/whatif; do
    [ -e "$room" ] && strict="$strict $room"
done

step format ruff format --check --quiet .
step lint ruff check --quiet .
step types mypy --strict $strict
step migrations python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
step system-checks python manage.py check
step architecture lint-imports

[ -z "$failed" ] || { echo "make check failed:$failed"; exit 1; }
