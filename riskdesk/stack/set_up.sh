#!/bin/sh
# set_up.sh PYTHON VENV REQUIREMENTS...   A virtualenv with the locked packages. A second call is instant:
# a stamp in the virtualenv remembers the interpreter and the lists that were installed.
set -eu

python=$1 venv=$2
shift 2

say() { echo "riskdesk: $*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in "$python" python3.13 python3.12 python3.11; do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    found=$("$python" -V 2>/dev/null) || found="no '$python' at all"
    say "Riskdesk needs Python 3.11 or newer and found $found: install one and say make run PYTHON=/path/to/python3.11"
    return 1
}

make_venv() {
    if "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        "$1" -m venv --clear "$venv"
    elif "$1" -m pip --version >/dev/null 2>&1 && "$1" -m venv --clear --without-pip "$venv" 2>/dev/null; then
        pip_of="$1"
    else
        say "this Python cannot make virtualenvs (no ensurepip): install it (Debian: apt-get install python3-venv)"
        return 1
    fi
}

install() {
    lists=""
    for list in "$@"; do lists="$lists -r $list"; done
    options="--quiet --no-input --no-compile --disable-pip-version-check"
    if [ -n "$pip_of" ]; then
        "$pip_of" -m pip --python "$venv/bin/python" install $options $lists
    else
        "$venv/bin/python" -m pip install $options $lists
    fi || return 1
    # Bytecode on all cores at once, without the packages' own tests: pip's own way takes three times as long,
    # and without any every process of the desk would compile the same files at every start.
    "$venv/bin/python" -m compileall -q -j 0 -x 'site-packages/.*/tests?/' "$venv/lib" >/dev/null || true
}

pip_of=""
stamp="$venv/riskdesk-$(basename "$(echo "$*" | tr ' ' '-')").stamp"
wanted=$(cat "$@" | cksum)
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

if [ ! -x "$venv/bin/python" ] || ! new_enough "$venv/bin/python"; then
    interpreter=$(find_python)
    say "making a virtualenv in $venv with $("$interpreter" -V)"
    make_venv "$interpreter"
fi
if ls "$venv"/riskdesk-*.stamp >/dev/null 2>&1; then
    say "installing what is missing of $*"
else
    say "installing $* (once; about 500 MB)"
fi
if ! install "$@"; then
    say "the packages could not be installed (see above): check the network or the disk, then say make setup again"
    exit 1
fi
echo "$wanted" >"$stamp"
