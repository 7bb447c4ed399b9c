#!/usr/bin/env bash
# Runs Apache Kafka on this machine without containers: one node, or three that replicate. Only this machine can reach
# it, and its data survive stop and start. Not for production: no TLS, no authentication, small heaps, all nodes on one
# disk.
set -euo pipefail

readonly READY_SECONDS=60    # a node starts in 3 s on two cores; after a minute the start has failed
readonly STOP_SECONDS=30     # TERM flushes the logs; after this time the node is killed and recovers its logs at the next start
readonly RESOLVE_SECONDS=300 # 43 MB from the Maven repository over a slow line
readonly LOG_TAIL=40         # lines of a failed node's log to show

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
	cat <<'HELP'
usage: kafka.sh start  [--dir DIR] [--nodes 1|3] [--port BASE] [--fresh] [--set KEY=VALUE]...
       kafka.sh stop   [--dir DIR]
       kafka.sh status [--dir DIR]
       kafka.sh help

start    resolve the jars (first time only), format new storage, start the node(s), wait until they are ready.
         The last line of standard output is bootstrap=127.0.0.1:PORT; with three nodes it lists all three,
         separated by commas. Progress goes to standard error. If the nodes run already, only the line is printed.
stop     stop the nodes that this script started. Data are kept.
status   print one line per node; exit code 0 if all run, 3 if not, 4 if no node was ever started in DIR.

--dir    jars, data, logs and pid files. Default: ${XDG_CACHE_HOME:-$HOME/.cache}/railgate/kafka
--nodes  1 (replication factor 1) or 3 (factor 3, two in sync to accept a write). Default: the last value, or 1.
--port   node i listens on BASE+10*(i-1), its controller one above. Default: the last value, or 19092.
--fresh  delete the data of DIR first. The jars are kept.
--set    a broker setting in addition to those of the script, such as broker.session.timeout.ms=3000; may be repeated.
         Default: the last values, or none.

Needs Linux, Java 17 or newer, and Maven for the first start. Topics are not created automatically.
HELP
}

log() { printf 'kafka: %s\n' "$*" >&2; }
die() { log "$*"; exit 1; }

# Prints the pid of node $1 if that process is a node of this script. The pid file is no proof, since the number may
# belong to another program by now: the process must be a broker started with this properties file.
running_pid() {
	local pid args
	pid=$(cat "$dir/node-$1/pid" 2>/dev/null) || return 1
	[[ $pid =~ ^[1-9][0-9]*$ ]] || return 1
	mapfile -d '' -t args 2>/dev/null <"/proc/$pid/cmdline" || return 1
	((${#args[@]} > 2)) && [[ ${args[-2]} == kafka.Kafka && ${args[-1]} == "$dir/node-$1/server.properties" ]] || return 1
	echo "$pid"
}

# The cluster file stores the nodes, port and id of the data.
load_cluster() { [[ -f $dir/cluster ]] && read -r old_nodes old_port cluster_id <"$dir/cluster"; }

broker_port() { echo $((port + 10 * ($1 - 1))); }

resolve_jars() {
	local want
	want=$(cksum <"$here/pom.xml")
	[[ -d $dir/libs && $(cat "$dir/libs.from" 2>/dev/null) == "$want" ]] && return
	command -v mvn >/dev/null || die "Maven is missing: install it (Debian: apt-get install maven), then start again"
	log "resolving the jars into $dir/libs (once, 43 MB)"
	rm -rf "$dir/libs" "$dir/libs.new" "$dir/libs.from"
	if ! timeout "$RESOLVE_SECONDS" mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
		-DincludeScope=runtime "-DoutputDirectory=$dir/libs.new" >"$dir/maven.log" 2>&1; then
		tail -n "$LOG_TAIL" "$dir/maven.log" >&2
		die "the jars could not be resolved; the whole output is in $dir/maven.log"
	fi
	mv "$dir/libs.new" "$dir/libs"
	echo "$want" >"$dir/libs.from"
}

write_properties() {
	local i=$1 n voters="" copies=1 insync=1
	for ((n = 1; n <= nodes; n++)); do voters+="${voters:+,}$n@127.0.0.1:$(($(broker_port "$n") + 1))"; done
	((nodes == 3)) && copies=3 insync=2
	cat >"$dir/node-$i/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=$i
listeners=PLAINTEXT://127.0.0.1:$(broker_port "$i"),CONTROLLER://127.0.0.1:$(($(broker_port "$i") + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$(broker_port "$i")
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.quorum.voters=$voters
log.dirs=$dir/node-$i/data
auto.create.topics.enable=false
unclean.leader.election.enable=false
default.replication.factor=$copies
min.insync.replicas=$insync
offsets.topic.replication.factor=$copies
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$insync
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
PROPERTIES
	[[ ! -f $dir/settings ]] || cat "$dir/settings" >>"$dir/node-$i/server.properties"
}

format_storage() {
	local home=$dir/node-$1
	[[ -f $home/data/meta.properties ]] && return
	log "formatting node $1"
	"${java[@]}" kafka.tools.StorageTool format -t "$cluster_id" -c "$home/server.properties" >"$home/format.log" 2>&1 ||
		{ cat "$home/format.log" >&2; die "node $1 could not be formatted"; }
}

# Descriptor 9 is the lock: a node that inherited it would block every later command.
launch() {
	local home=$dir/node-$1
	if [[ -f $home/kafka.log ]]; then mv "$home/kafka.log" "$home/kafka.log.1"; fi
	setsid "${java[@]}" kafka.Kafka "$home/server.properties" </dev/null >"$home/kafka.log" 2>&1 9>&- &
	echo $! >"$home/pid"
}

wait_ready() {
	local i=$1 log=$dir/node-$1/kafka.log deadline=$2 why=""
	until grep -q 'Kafka Server started' "$log" 2>/dev/null; do
		# Between fork and exec the process is not yet a broker, so this only checks that it exists.
		kill -0 "$(cat "$dir/node-$i/pid")" 2>/dev/null || why="ended before it was ready"
		((SECONDS < deadline)) || why="was not ready within $READY_SECONDS s"
		[[ -z $why ]] || { tail -n "$LOG_TAIL" "$log" >&2; log "node $i $why; the log is $log"; return 1; }
		sleep 0.2
	done
	log "node $i is ready on 127.0.0.1:$(broker_port "$i")"
}

start() {
	command -v java >/dev/null || die "Java is missing: install 17 or newer (Debian: apt-get install openjdk-17-jre-headless)"
	local i line="" deadline started=() alive=0 old_nodes="" old_port="" cluster_id=""
	load_cluster || true
	for i in 1 2 3; do running_pid "$i" >/dev/null && alive=$((alive + 1)); done
	if [[ $fresh == yes ]]; then
		((alive == 0)) || die "nodes are running in $dir: stop them before --fresh"
		# Without the cluster file the folders may belong to something else and are kept.
		if [[ -n $cluster_id ]]; then rm -rf "$dir"/node-[123] "$dir/cluster" "$dir/settings"; fi
		old_nodes="" old_port="" cluster_id=""
	fi
	((${#settings[@]} == 0)) || printf '%s\n' "${settings[@]}" >"$dir/settings"
	nodes=${nodes:-${old_nodes:-1}} port=${port:-${old_port:-19092}}
	[[ -z $old_nodes || $old_nodes == "$nodes" ]] ||
		die "the data in $dir belong to a cluster with $old_nodes node(s): use --fresh to delete them, or another --dir"
	((alive == 0)) || [[ $old_port == "$port" ]] || die "running on port $old_port: stop it before changing the port"

	resolve_jars
	java=(java -Xms200m -Xmx400m -XX:+UseSerialGC "-Dlog4j2.configurationFile=file:$here/log4j2.properties" -cp "$dir/libs/*")
	[[ -n $cluster_id ]] || cluster_id=$("${java[@]}" kafka.tools.StorageTool random-uuid) || die "could not make a cluster id"
	echo "$nodes $port $cluster_id" >"$dir/cluster"
	for ((i = 1; i <= nodes; i++)); do
		line+="${line:+,}127.0.0.1:$(broker_port "$i")"
		if running_pid "$i" >/dev/null; then log "node $i runs already"; continue; fi
		mkdir -p "$dir/node-$i"
		write_properties "$i"
		format_storage "$i"
		launch "$i"
		started+=("$i")
	done
	deadline=$((SECONDS + READY_SECONDS))
	for i in "${started[@]}"; do
		wait_ready "$i" "$deadline" || { stop_nodes "${started[@]}"; exit 1; }
	done
	echo "bootstrap=$line"
}

# Stops the given nodes together: in sequence, the last one would wait for a quorum that no longer exists.
stop_nodes() {
	local i pid deadline
	for i in "$@"; do
		if pid=$(running_pid "$i"); then kill -TERM "$pid" 2>/dev/null || true; fi
	done
	deadline=$((SECONDS + STOP_SECONDS))
	for i in "$@"; do
		while pid=$(running_pid "$i"); do
			if ((SECONDS >= deadline)); then
				log "node $i did not stop within $STOP_SECONDS s: killing it"
				kill -KILL "$pid" 2>/dev/null || true
				deadline=$((SECONDS + STOP_SECONDS))
			fi
			sleep 0.2
		done
		if [[ -f $dir/node-$i/pid ]]; then rm -f "$dir/node-$i/pid"; log "node $i is stopped"; fi
	done
}

status() {
	local i pid code=0 old_nodes="" old_port="" cluster_id=""
	load_cluster || { echo "no node was started in $dir"; exit 4; }
	port=$old_port
	for ((i = 1; i <= old_nodes; i++)); do
		if pid=$(running_pid "$i"); then
			echo "node $i runs on 127.0.0.1:$(broker_port "$i"), pid $pid"
		else
			echo "node $i is stopped" && code=3
		fi
	done
	exit "$code"
}

command=${1:-help}
dir=${XDG_CACHE_HOME:-$HOME/.cache}/railgate/kafka nodes="" port="" fresh=no settings=()
[[ $# -eq 0 ]] || shift
case $command in
start | stop | status) ;;
help | -h | --help) usage; exit 0 ;;
*) usage >&2; die "no such command: $command" ;;
esac
while (($#)); do
	case $1 in
	--dir | --nodes | --port | --set) (($# > 1)) || die "$1 needs a value" ;;&
	--nodes | --port | --fresh | --set) [[ $command == start ]] || die "$1 belongs to start" ;;&
	--dir) dir=$2; shift 2 ;;
	--nodes) nodes=$2; shift 2 ;;
	--port) port=$2; shift 2 ;;
	--fresh) fresh=yes; shift ;;
	--set)
		[[ $2 =~ ^[a-z][a-z0-9.]*=[^[:cntrl:]]*$ ]] || die "--set takes KEY=VALUE, not $2"
		settings+=("$2")
		shift 2
		;;
	-h | --help) usage; exit 0 ;;
	*) die "no such option: $1 (kafka.sh help lists them)" ;;
	esac
done
[[ -n $dir ]] || die "--dir is empty"
# A colon would split the class path; a comma or backslash would split the data folder's name in the properties.
[[ $dir != *[:,\\]* ]] || die "--dir must not contain a colon, a comma or a backslash"
[[ -z $nodes || $nodes == [13] ]] || die "--nodes is 1 or 3, not $nodes"
# The highest port is BASE+21, the controller of the third node.
[[ -z $port ]] || { [[ $port =~ ^[1-9][0-9]{3,4}$ ]] && ((port >= 1024 && port <= 65514)); } ||
	die "--port is a number from 1024 to 65514, not $port"
if [[ $command != start && ! -d $dir ]]; then
	echo "no node was started in $dir"
	[[ $command == stop ]] && exit 0
	exit 4
fi
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P) # absolute: a node's command line must not depend on the caller's folder

if [[ $command == status ]]; then status; fi
exec 9>"$dir/lock"
flock -n 9 || die "another kafka.sh is running in $dir"
if [[ $command == start ]]; then start; else stop_nodes 1 2 3; fi
