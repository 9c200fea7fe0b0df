#!/bin/sh
# As the kernel images of autumn 2018: makes the user, gives it the runner's directory, and becomes it.
set -e
id=${LOCAL_USER_ID:-9001}
id work >/dev/null 2>&1 || useradd --no-create-home --non-unique --uid "$id" --home-dir /home/work --shell /bin/bash work
chown -R work /home/backend.ai
export HOME=/home/work
cd /home/work
exec setpriv --reuid=work --regid=work --init-groups "$@"
