#!/usr/bin/env bash
# by-hand.sh up|down: the six-node cluster of Hearth's Docker target as a careful person deploys it by hand: the same
# hardened containers with their exporters, redis-cli --cluster create, psql | redis-cli --pipe of the same rows. Whatever
# can go on at the same time does. What it needs is in its environment: NAME of the network and of the containers, FOLDER
# for their files, PREFIX of a free /24 (10.251.7), PORT of the first node, IMAGE, EXPORTER_IMAGE, OPEN_FILES,
# DATABASE_URL, KEYS that must be there at the end.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
nodes="0 1 2 3 4 5"
hardened=(--read-only --cap-drop ALL --security-opt no-new-privileges --ulimit nofile="$OPEN_FILES" --ulimit core=0
  --restart unless-stopped --log-opt max-size=10m --log-opt max-file=3)

host() { echo "$PREFIX.1$1"; }
port() { echo $((PORT + $1)); }
cli() { redis-cli --no-auth-warning -h "$(host "$1")" -p "$(port "$1")" "${@:2}"; }

# Waits for a command to succeed, 30 s at most.
await() {
  for _ in $(seq 600); do
    "$@" >/dev/null 2>&1 && return
    sleep .05
  done
  echo "by hand: after 30 s still not: $*" >&2
  exit 1
}

write_files() {
  local node=$1 files=$FOLDER/$1
  install -d -m 700 "$files" "$files-exporter"
  cat >"$files/redis.conf" <<END
bind $(host "$node") 127.0.0.1
port $(port "$node")
requirepass $REDISCLI_AUTH
masterauth $REDISCLI_AUTH
cluster-enabled yes
cluster-node-timeout 5000
cluster-require-full-coverage no
repl-diskless-sync-delay 0
maxmemory 256mb
maxmemory-policy allkeys-lru
save 900 1 300 10 60 10000
dir /data
END
  printf '#!/bin/sh\nREDISCLI_AUTH=$(cat /data/password) redis-cli -p %s ping | grep -q PONG\n' "$(port "$node")" >"$files/health.sh"
  echo "$REDISCLI_AUTH" >"$files/password"
  echo "{\"redis://$(host "$node"):$(port "$node")\": \"$REDISCLI_AUTH\"}" >"$files-exporter/passwords.json"
  chmod 600 "$files"/* "$files-exporter"/*
  chown -R 999:999 "$files"
  chown -R 59000:59000 "$files-exporter"
}

run_node() {
  local node=$1
  docker run --detach --name "$NAME-$node" --network "$NAME" --ip "$(host "$node")" --user 999:999 "${hardened[@]}" \
    --memory 342m --memory-swap 342m --volume "$FOLDER/$node:/data" \
    --health-cmd 'sh /data/health.sh' --health-interval 10s --health-timeout 5s \
    --entrypoint redis-server "$IMAGE" /data/redis.conf >/dev/null
  await cli "$node" PING
}

run_exporter() {
  local node=$1
  docker run --detach --name "$NAME-$node-exporter" --network "$NAME" --ip "$PREFIX.11$node" --user 59000:59000 \
    "${hardened[@]}" --memory 64m --memory-swap 64m --volume "$FOLDER/$node-exporter:/files" "$EXPORTER_IMAGE" \
    --redis.addr "redis://$(host "$node"):$(port "$node")" --redis.password-file /files/passwords.json >/dev/null
}

# All at once: each takes most of its time in waiting. A failure of one is a failure.
each() {
  local pids=() pid
  for node in $nodes; do
    "$1" "$node" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

keys() {
  local node sum=0 own
  for node in 0 1 2; do
    own=$(cli "$node" DBSIZE)
    sum=$((sum + own))
  done
  echo "$sum"
}

joined() { cli "$1" CLUSTER INFO | grep -q cluster_state:ok; }
replicated() { cli "$1" INFO replication | grep -qE 'role:master|master_link_status:up'; }
watched() { curl --silent --max-time 2 "http://$PREFIX.11$1:9121/metrics" | grep -q '^redis_up 1'; }

up() {
  REDISCLI_AUTH=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  export REDISCLI_AUTH
  docker network create --subnet "$PREFIX.0/24" "$NAME" >/dev/null
  for node in $nodes; do write_files "$node"; done
  each run_node
  each run_exporter &
  local exporters=$!
  redis-cli --no-auth-warning --cluster create $(for node in $nodes; do echo "$(host "$node"):$(port "$node")"; done) \
    --cluster-replicas 1 --cluster-yes >"$FOLDER/create.log" || { cat "$FOLDER/create.log" >&2; exit 1; }
  for node in $nodes; do await joined "$node"; done
  # Each primary takes the keys of its own slots and refuses the others, which the others take.
  psql "$DATABASE_URL" -XAtq -v ON_ERROR_STOP=1 -f "$here/demo-commands.sql" >"$FOLDER/commands"
  for node in 0 1 2; do cli "$node" --pipe <"$FOLDER/commands" >"$FOLDER/pipe-$node.log" 2>&1 || true; done
  # What pulumi up does not end without either: every replica has its copy, every exporter sees its node.
  wait "$exporters"
  for node in $nodes; do await replicated "$node"; done
  for node in $nodes; do await watched "$node"; done
  local found
  found=$(keys)
  [ "$found" = "$KEYS" ] || { echo "by hand: $found keys, not $KEYS" >&2; tail -n 5 "$FOLDER"/pipe-*.log >&2; exit 1; }
}

down() {
  docker ps --all --quiet --filter "network=$NAME" | xargs --no-run-if-empty docker rm --force >/dev/null
  docker network rm "$NAME" >/dev/null 2>&1 || true
}

"$1"
