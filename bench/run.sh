#!/bin/sh
# Runs every benchmark ROUNDS times (default 5), railgate and its rivals in turn, and prints the table.
# Arguments go to `go test`: bench/run.sh -bench Chain -benchtime 2s
#
# Each round is a separate run. With -count, all runs of one side would precede those of its rival, and a
# change of the machine would favour one of them. With -cpu 1, background work of a cache counts as its
# time.
#
# The raw output goes to OUT (default out/bench.txt).
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
	# A failure is in the output, and the report rejects it.
	go test ./bench -run '^$' -bench . -skip PassCacheMemory -benchmem -cpu 1 "$@" 2>&1 | tee -a "$out"
done
go run ./bench/report < "$out"
