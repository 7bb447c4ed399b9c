package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/tool"
)

// output returns the output of three rounds, with different values per round.
func output() string {
	var b strings.Builder
	for n := range 3 {
		fmt.Fprintf(&b, "go: go1.26\ncpu: Some Processor\n"+
			"BenchmarkVerify/ours-scalar-2 \t 100\t %d ns/op\t 0 B/op\t 0 allocs/op\n"+
			"BenchmarkVerify/ours-scalar-batch64 \t 100\t %d ns/op\t 0 B/op\t 0 allocs/op\n"+
			"BenchmarkVerify/plain-crypto-ed25519 \t 100\t 50000 ns/op\t 0 B/op\t 0 allocs/op\n"+
			"BenchmarkCheckCached/ours \t 100\t %d ns/op\t 0 B/op\t %d allocs/op\n"+
			"BenchmarkPassCacheMemory \t 1\t 5 ns/op\t 400 B/pass\nPASS\nok  \tx\t2.1s\n", 6000+100*n, 8000, 900+10*n, n/2)
		fmt.Fprintf(&b, "BenchmarkHTTPCached/ours\t 5000\t %d cpu-ns/op\t 80000 op/s\t 99.0 busy-%%\n"+
			"BenchmarkHTTPCached/plain-noop\t 5000\t 10000 cpu-ns/op\t 80000 op/s\t 80.0 busy-%%\n", 10500+500*n)
	}
	return b.String() + "NotRun HTTPCached/nginx-lua-cache: nginx not found (Debian: apt-get install nginx)\n"
}

func parsed(t *testing.T, text string) *samples {
	t.Helper()
	s, err := parseOutput(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTableComparesWithFloorsAndGoals(t *testing.T) {
	o := &options{only: rowNames(), rounds: 3}
	table, missed := parsed(t, output()).table(o)
	for _, want := range []string{
		"medians of 3 rounds",
		"NOT A MEASUREMENT: fewer than 5 rounds",
		"| 6100 ns | 50000 ns | 8.20x, 0 allocs | 8.06x to 8.33x | >= 6x, 0 allocs | >= 8x, 0 allocs | goal met |",
		"| 8000 ns | 50000 ns | 6.25x | 6.25x to 6.25x | >= 7x | >= 9x | FLOOR MISSED |",
		"| 910 ns |  | 0.91 us, 1 allocs | 0.9 us to 0.92 us | <= 1.8 us, 0 allocs | <= 1 us, 0 allocs | FLOOR MISSED |",
		"| 11000 ns | 10000 ns | 1.10x | 1.05x to 1.15x | <= 1.3x | <= 1.1x | goal met |",
		"NOT RUN: HTTPCached/nginx-lua-cache: nginx not found (Debian: apt-get install nginx) |",
		"NOT RUN: no values of HTTPNew/ours: the run failed, or the benchmark does not exist |",
		"| 400 B |  | 400 B | 400 B to 400 B | <= 600 B | <= 350 B | floor met, goal missed |",
		"note: HTTPCached/plain-noop used only 80 % of its core",
		"| another device | forged | | | | | NOT RUN: the run failed earlier |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if missed != 2 {
		t.Errorf("%d missed floors, want 2", missed)
	}
	for _, name := range rowNames() {
		if name != "flood" && !strings.Contains(table, "\n| "+name+" | ") {
			t.Errorf("the table has no row %s:\n%s", name, table)
		}
	}
}

func TestTableHasOnlySelectedRows(t *testing.T) {
	table, missed := parsed(t, output()).table(&options{only: []string{"cached-noop"}, rounds: 3})
	if strings.Count(table, "\n| ") != 2 || !strings.Contains(table, "| cached-noop |") || missed != 0 {
		t.Errorf("%d missed:\n%s", missed, table)
	}
}

func TestWrongNumberOfRoundsIsReported(t *testing.T) {
	s := parsed(t, output())
	for _, rounds := range []int{2, 4} {
		table, _ := s.table(&options{only: []string{"verify-scalar"}, rounds: rounds})
		if want := fmt.Sprintf("NOT RUN: 3 values of ns/op in Verify/ours-scalar, want %d", rounds); !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	table, _ := parsed(t, "NOT PINNED: x\n").table(&options{only: []string{"verify"}, rounds: 5})
	if !strings.Contains(table, "NOT A MEASUREMENT: servers and load generator shared processors") {
		t.Errorf("the table does not report that servers were not pinned:\n%s", table)
	}
}

func TestFloodHasASeparateTable(t *testing.T) {
	const line = "BenchmarkHTTPFlood-%s/%s\t 900\t 90.5 p50-us\t 200 p99-us\t 300 p99.9-us\t 6000 due/s\t2 unfinished\t890 good\t%d busy\t0 wrong\t1 broken\n"
	table, _ := parsed(t, fmt.Sprintf(line, "other-device", "honest-alone", 0)+fmt.Sprintf(line, "same-device", "forged", 7)).
		table(&options{only: []string{"flood"}, rounds: 5})
	for _, want := range []string{
		"| another device | honest, without the flood | 6000 | 90.5 | 200 | 300 | 890 | 0 | 2 | 1 | 0 |",
		"| the same device | forged | 6000 | 90.5 | 200 | 300 | 890 | 7 | 2 | 1 | 0 |",
		"| another device | honest, during the flood | | | | | NOT RUN: the run failed earlier |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestLatencyReportsTheClientsPart(t *testing.T) {
	const line = "BenchmarkHTTPLatency/%s\t 900\t 50 p50-us\t 200 p99-us\t %d p99.9-us\t 6000 due/s\t0 unfinished\t 1 late-p50-us\t %d late-p99.9-us\t 4 turn-p99.9-us\n"
	text := fmt.Sprintf(line, "ours", 300, 10) + fmt.Sprintf(line, "plain-noop", 200, 150)
	table, _ := parsed(t, text).table(&options{only: []string{"latency"}, rounds: 1})
	for _, want := range []string{
		"| 300 us | 200 us | 1.50x |",
		"note: HTTPLatency/ours: p50 50 us, p99 200 us, p99.9 300 us at 6000/s; part of the client: sent late by 1 us (p50) and 10 us (p99.9), iterations of its loop 4 us (p99.9)\n",
		"sent late by 1 us (p50) and 150 us (p99.9), iterations of its loop 4 us (p99.9): MOST OF IT",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestDifferingRoundsAreReported(t *testing.T) {
	const line = "BenchmarkPassCacheMemory \t 1\t 5 ns/op\t %d B/pass\n"
	table, _ := parsed(t, fmt.Sprintf(line, 100)+fmt.Sprintf(line, 300)).table(&options{only: []string{"memory"}, rounds: 2})
	if !strings.Contains(table, "| goal met; NOT A MEASUREMENT: the rounds differ too much") {
		t.Errorf("the table does not report that the rounds differ:\n%s", table)
	}
}

func TestMalformedResultsAreRefused(t *testing.T) {
	for _, line := range []string{"BenchmarkA 1", "BenchmarkA 1 2", "BenchmarkA 1 x ns/op", "BenchmarkA 1 2 ns/op 3"} {
		if _, err := parseOutput(strings.NewReader("ok\n" + line + "\n")); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
			t.Errorf("%q: %v, want an error with line 2", line, err)
		}
	}
	if s := parsed(t, "BenchmarkLogs\n    x_test.go:1: text\n"); len(s.Values) != 0 {
		t.Errorf("a line without a result was parsed as %v", s.Values)
	}
}

func TestRowsAreMeasuredByTheRightProgram(t *testing.T) {
	r := &runner{options: &options{only: rowNames()}}
	if got, want := r.goPattern(), "^Benchmark(Verify|CheckCached|CheckBeyond|PassCacheMemory)$"; got != want {
		t.Errorf("pattern %s, want %s", got, want)
	}
	if got, want := r.httpParts(), []string{"cached-noop", "beyond-noop", "cached-nginx", "new", "batch", "latency", "pipelines", "unfinished", "flood"}; !slices.Equal(got, want) {
		t.Errorf("parts %v, want %v", got, want)
	}
	r.only = []string{"latency"}
	if r.goPattern() != "" || len(r.httpParts()) != 1 {
		t.Errorf("for one row: %q, %v", r.goPattern(), r.httpParts())
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-rounds=0"}, {"-round=1ms"}, {"-round=1m"}, {"-only=speed"}, {"more"}, {"-speed=1"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	var help strings.Builder
	if _, err := parse([]string{"-h"}, &help); err == nil {
		t.Error("-h returned no error")
	}
	for _, name := range rowNames() {
		if !strings.Contains(help.String(), "  "+name+" ") {
			t.Errorf("-h does not explain %s:\n%s", name, help.String())
		}
	}
	whole, err := parse(nil, io.Discard)
	if err != nil || !strings.HasPrefix(whole.out, "bench/results/") || !strings.HasSuffix(whole.out, "-table.txt") {
		t.Errorf("a complete run is written to %q, %v", whole.out, err)
	}
	// A partial table must not replace a complete one.
	for _, args := range [][]string{{"-only=check"}, {"-rounds=2"}, {"-round=1s"}, {"-pin=false"}} {
		if o, err := parse(args, io.Discard); err != nil || o.out != "" {
			t.Errorf("%v: written to %q, %v", args, o.out, err)
		}
	}
}

func TestMachineHasAShortName(t *testing.T) {
	for cpu, want := range map[string]string{
		"AMD EPYC": "amd-epyc",
		"Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz": "intel-xeon-platinum-8375c",
		"AMD EPYC 7B13 64-Core Processor":               "amd-epyc-7b13-64-core",
		"unknown processor":                             "unknown",
	} {
		if got := (tool.Machine{CPU: cpu}).Slug(); got != want {
			t.Errorf("%s: %s, want %s", cpu, got, want)
		}
	}
}
