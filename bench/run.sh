#!/bin/sh
# Runs every benchmark ROUNDS times (default 5), ours and its rivals in turn, and
# prints the table. Arguments go to `go test`: bench/run.sh -bench Chain -benchtime 2s
#
# Each round is a run of its own: -count would measure ours five times and only
# then the rival, and a machine that changes meanwhile would favour one of them.
# -cpu 1 charges what a cache does in the background to the one who causes it.
#
# The raw output is kept in OUT (default out/bench.txt).
set -eu
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-5}
out=${OUT:-out/bench.txt}
mkdir -p "$(dirname "$out")"
echo "command: ROUNDS=$rounds bench/run.sh $*" > "$out"
round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	echo "round $round of $rounds" >&2
	# A failure shows in the output, and the report refuses it.
	go test ./bench -run '^$' -bench . -skip PassCacheMemory -benchmem -cpu 1 "$@" 2>&1 | tee -a "$out"
done
go run ./bench/report < "$out"
