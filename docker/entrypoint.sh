#!/bin/sh
# Makes the node on its first start, then runs the program. `docker compose exec NODE qyzj ...` goes past this file.
set -eu
umask 077
if [ "${1:-serve}" = serve ] && [ ! -f "$QYZJ_DATA/qyzj.toml" ]; then
    # The recovery key is printed once and must not stand in a container's log.
    qyzj init --node "$NODE_CODE" --name "$NODE_NAME" --pack "$NODE_PACK" --database "$NODE_DATABASE" \
        --listen 0.0.0.0:7443 --advertise "$NODE_ADVERTISE" >"$QYZJ_DATA/first-start.txt"
    echo "node $NODE_CODE made; take first-start.txt (accounts, recovery key) out of the volume and keep it safe" >&2
fi
exec qyzj "$@"
