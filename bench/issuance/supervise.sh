# Supervises one PostgreSQL: starts it by the repository's script, obeys lines on
# standard input, and takes it away when that input ends, which it does however
# the program behind it died. First line of standard output: the script's dsn=…;
# then "done" or "failed" for each command.
set -uo pipefail
trap '' INT TERM HUP # whoever interrupts the run ends our input
script=$1 dir=$2 port=$3

"$script" start --dir "$dir" --port "$port" </dev/null | tail -n 1
started=${PIPESTATUS[0]}
trap '"$script" stop --dir "$dir" </dev/null >&2' EXIT
((started == 0)) || exit 1

ctl=$(find /usr/lib/postgresql -maxdepth 3 -path '*/bin/pg_ctl' 2>/dev/null | sort -V | tail -n 1)
as_server() { if ((EUID == 0)); then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
while read -r command; do
	case $command in
	# As a crash: nobody is waited for but the disk, which may hold up even a kill.
	down) as_server "$ctl" -D "$dir/data" -m immediate -w -t 120 stop </dev/null >&2 ;;
	# With no server there, restart starts one with the options of before.
	up) as_server "$ctl" -D "$dir/data" -l "$dir/data/server.log" -w -t 120 restart </dev/null >&2 ;;
	*) false ;;
	esac && echo done || echo failed
done
