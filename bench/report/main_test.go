package main

import (
	"strings"
	"testing"
)

const twoRounds = `go: go1.26.8
goos: linux
pkg: example/bench
cpu: Some Processor
BenchmarkParse/ours-2         	 100	 10.0 ns/op	 0 B/op	 0 allocs/op
BenchmarkParse/plain-slow-2   	 100	 50.0 ns/op	 32 B/op	 1 allocs/op
BenchmarkSet/build/ours-2     	 100	 4000 ns/op	 1048576 held-B	 0 B/op	 0 allocs/op
BenchmarkSet/build/plain-map-2	 100	 6000 ns/op	 2097152 held-B	 8 B/op	 2 allocs/op
PASS
ok  	example/bench	2.127s
go: go1.26.8
goos: linux
pkg: example/bench
cpu: Some Processor
BenchmarkParse/ours-2         	 100	 30.0 ns/op	 0 B/op	 0 allocs/op
BenchmarkParse/plain-slow-2   	 100	 40.0 ns/op	 32 B/op	 1 allocs/op
BenchmarkSet/build/ours-2     	 100	 4200 ns/op	 1048576 held-B	 0 B/op	 0 allocs/op
BenchmarkSet/build/plain-map-2	 100	 6000 ns/op	 2097152 held-B	 8 B/op	 2 allocs/op
PASS
ok  	example/bench	2.127s
`

func TestTwoRoundsBecomeOneTable(t *testing.T) {
	var out strings.Builder
	if err := run(strings.NewReader(twoRounds), &out); err != nil {
		t.Fatal(err)
	}
	const want = `- go: go1.26.8
- goos: linux
- cpu: Some Processor

| benchmark | side | rounds | ns/op, median | lowest | highest | times ours | B/op | allocs/op | held-B |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|
| Parse | ours | 2 | 20 | 10 | 30 | 1.00 | 0 | 0 | |
| Parse | plain-slow | 2 | 45 | 40 | 50 | 2.25 | 32 | 1 | |
| Set/build | ours | 2 | 4100 | 4000 | 4200 | 1.00 | 0 | 0 | 1048576 |
| Set/build | plain-map | 2 | 6000 | 6000 | 6000 | 1.46 | 8 | 2 | 2097152 |
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestIncompleteOutputIsRejected(t *testing.T) {
	const pair = "BenchmarkA/ours 1 1 ns/op\nBenchmarkA/plain-x 1 1 ns/op\n"
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "", "no benchmark"},
		{"a rival is missing", "BenchmarkA/ours 1 1 ns/op\n", "at least one"},
		{"ours is missing", "BenchmarkA/plain-x 1 1 ns/op\n", "want"},
		{"one pair of two", pair + "BenchmarkB/ours 1 1 ns/op\n", "B: want"},
		{"a round was cut short", pair + "BenchmarkA/ours 1 1 ns/op\n", "2 rounds of ours, 1 of plain-x"},
		{"a run was cut short", pair + pair + "BenchmarkB/ours 1 1 ns/op\nBenchmarkB/plain-x 1 1 ns/op\n", "cut short"},
		{"a run failed", pair + "FAIL\n", "failed"},
		{"a benchmark failed", "--- FAIL: BenchmarkA/ours\n" + pair, "failed"},
		{"an unknown side", pair + "BenchmarkA/faster 1 1 ns/op\n", "neither"},
		{"no pair at all", pair + "BenchmarkA 1 1 ns/op\n", "neither"},
		{"a line without a value", pair + "BenchmarkA/ours 1\n", "not the line"},
		{"an invalid value", pair + "BenchmarkA/ours 1 x ns/op\n", "not a number"},
		{"no time", "BenchmarkA/ours 1 1 B/op\nBenchmarkA/plain-x 1 1 ns/op\n", "not every line has ns/op"},
		{"a unit comes late", pair + "BenchmarkA/ours 1 1 ns/op 1 B/op\n", "earlier"},
		{"two machines", "cpu: A\n" + pair + "cpu: B\n" + pair, "not of one machine"},
	} {
		var out strings.Builder
		err := run(strings.NewReader(c.in), &out)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one that contains %q", c.name, err, c.want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: a table was written", c.name)
		}
	}
}
