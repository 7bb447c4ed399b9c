# Supervises one PostgreSQL: starts it with the repository's script, executes the commands on standard
# input, and removes the server when that input ends. It ends in whatever way the parent process dies. The
# first line of standard output is the script's dsn=…; then "done" or "failed" for each command.
set -uo pipefail
trap '' INT TERM HUP # an interrupt ends the parent, and so the input of this script
script=$1 dir=$2 port=$3

"$script" start --dir "$dir" --port "$port" </dev/null | tail -n 1
started=${PIPESTATUS[0]}
trap '"$script" stop --dir "$dir" </dev/null >&2' EXIT
((started == 0)) || exit 1

ctl=$(find /usr/lib/postgresql -maxdepth 3 -path '*/bin/pg_ctl' 2>/dev/null | sort -V | tail -n 1)
as_server() { if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
while read -r command; do
	case $command in
	# Stops like a crash. It waits only for the disk, which can delay even a kill.
	down) as_server "$ctl" -D "$dir/data" -m immediate -w -t 120 stop </dev/null >&2 ;;
	# Without a running server, restart starts one with its previous options.
	up) as_server "$ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 120 restart </dev/null >&2 ;;
	*) false ;;
	esac && echo done || echo failed
done
