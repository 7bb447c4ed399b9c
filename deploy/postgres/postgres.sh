#!/usr/bin/env bash
# Runs a private PostgreSQL on this machine for tests and trials: on loopback only, without passwords, deleted when it
# is stopped. It does not touch other servers.
set -euo pipefail

readonly WAIT_SECONDS=30

usage() {
	cat <<'HELP'
usage: postgres.sh start [--dir DIR] [--port PORT]
       postgres.sh stop  [--dir DIR]

start  create an empty cluster in DIR, start it, wait until it answers. The last line of standard output is
       dsn=postgres://…; progress goes to standard error.
stop   stop the server and delete DIR.

--dir   default: ${TMPDIR:-/tmp}/railgate-postgres
--port  default: 19432

Needs PostgreSQL 15 or newer (Debian: apt-get install postgresql). As root it runs the server as the user postgres.
HELP
}

log() { printf 'postgres: %s\n' "$*" >&2; }
die() { log "$*"; exit 1; }

# The server refuses to run as root.
as_server() { if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }

start() {
	[[ ! -e $dir ]] || die "$dir exists: stop it first, or name another --dir"
	mkdir -p "$dir"
	((EUID != 0)) || chown postgres "$dir"
	log "creating a cluster in $dir"
	as_server "$bin/initdb" -D "$dir/data" -U railgate -A trust -E UTF8 --no-sync >"$dir/initdb.log" 2>&1 ||
		{ tail -n 20 "$dir/initdb.log" >&2; die "initdb failed"; }
	as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t "$WAIT_SECONDS" \
		-o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c max_connections=100" start >&2 ||
		{ tail -n 20 "$dir/data/server.log" >&2; die "the server does not start"; }
	echo "dsn=postgres://railgate@127.0.0.1:$port/postgres?sslmode=disable"
}

stop() {
	[[ -d $dir/data ]] || die "$dir contains no cluster of this script"
	as_server "$bin/pg_ctl" -D "$dir/data" -m fast -w -t "$WAIT_SECONDS" stop >&2 || log "the server was not running"
	rm -rf "$dir"
}

command=${1:-help}
shift || true
dir=${TMPDIR:-/tmp}/railgate-postgres port=19432
while (($#)); do
	case $1 in
	--dir) dir=${2:?--dir needs a folder} ;;
	--port) port=${2:?--port needs a number} ;;
	*) usage >&2; die "unknown option $1" ;;
	esac
	shift 2
done

case $command in
help | -h | --help) usage; exit ;;
start | stop) ;;
*) usage >&2; die "unknown command $command" ;;
esac
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
[[ -x $bin/initdb ]] || die "PostgreSQL is missing (Debian: apt-get install postgresql)"
"$command"
