#!/usr/bin/env bash
# What the tests need beside Python packages: a browser, two databases, an SSH server, and libcurl for a third database,
# whose program is a Python package. Node and npm come with the machine.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
[ -x /usr/sbin/mariadbd ] || command -v mariadbd >/dev/null || missing+=(mariadb-server)
[ -x /usr/sbin/sshd ] || command -v sshd >/dev/null || missing+=(openssh-server)
ls /usr/lib/*/libcurl.so.4 >/dev/null 2>&1 || missing+=(libcurl4)
command -v node >/dev/null || missing+=(nodejs npm)
command -v make >/dev/null || missing+=(make)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)

if [ ${#missing[@]} -gt 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    # An image without running services still may not start them: the tests start their own servers.
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
