package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/bench/rivals/nginx"
	"github.com/railgate/railgate/test/tool"
)

// The test binary is also the server processes of the program under test.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == servers.Command {
		os.Exit(tool.ExitCode("httpcheck", run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
	}
	os.Exit(m.Run())
}

// short runs the whole program with short rounds.
func short(t *testing.T, only string) string {
	t.Helper()
	var out, report bytes.Buffer
	args := []string{"-pin=false", "-rounds=2", "-round=50ms", "-connections=4", "-sessions=16", "-new=1024", "-attackers=4", "-only=" + only}
	if err := run(t.Context(), args, nil, &out, &report); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), report.String())
	}
	if !strings.HasPrefix(out.String(), "NOT PINNED") {
		t.Error("the output does not report that the sides were not separated")
	}
	return out.String()
}

// has requires n lines that match.
func has(t *testing.T, out, line string, n int) {
	t.Helper()
	if got := len(regexp.MustCompile("(?m)^"+line+"$").FindAllString(out, -1)); got != n {
		t.Errorf("%d lines match %s, want %d:\n%s", got, line, n, out)
	}
}

// closed matches a round of a closed loop with a result.
const closed = `\s+[1-9][0-9]*\s+[0-9.]+ cpu-ns/op\s+[1-9][0-9]* op/s\s+[0-9.]+ busy-%`

func TestGatewayAndNoopAreMeasured(t *testing.T) {
	out := short(t, cachedNoop)
	has(t, out, "BenchmarkHTTPCached/ours"+closed, 2)
	has(t, out, "BenchmarkHTTPCached/plain-noop"+closed, 2)
}

func TestGatewayBeyondTheCodeIsMeasured(t *testing.T) {
	out := short(t, beyond)
	has(t, out, "BenchmarkHTTPBeyond/ours"+closed, 2)
	has(t, out, "BenchmarkHTTPBeyond/plain-noop"+closed, 2)
}

func TestGatewayAndNginxAreMeasured(t *testing.T) {
	if err := nginx.Missing(); err != nil {
		t.Skip(err)
	}
	out := short(t, cachedNginx)
	has(t, out, "BenchmarkHTTPCached/ours"+closed, 2)
	has(t, out, "BenchmarkHTTPCached/nginx-lua-cache"+closed, 2)
}

// A rival that is not installed is reported with the reason.
func TestMissingRivalIsReported(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	has(t, short(t, cachedNginx), "NotRun HTTPCached/nginx-lua-cache: nginx.* not found .*apt-get install .*", 1)
}

func TestGatewayAndTokenLibraryAreMeasured(t *testing.T) {
	out := short(t, everyNew)
	has(t, out, "BenchmarkHTTPNew/ours"+closed, 2)
	has(t, out, "BenchmarkHTTPNew/fasthttp-jwt"+closed, 2)
}

// The table reports batches, or why they are not measured.
func TestBatchesAndSingleRequestsAreMeasured(t *testing.T) {
	out := short(t, batch)
	if strings.Contains(out, "NotRun") {
		has(t, out, `NotRun HTTPNew/ours-batch: .*404.*`, 1)
		return
	}
	has(t, out, "BenchmarkHTTPNew/ours-batch"+closed, 2)
}

func TestLatencyIsMeasured(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the open loop needs Linux")
	}
	out := short(t, latency)
	for _, side := range []string{"ours", "plain-noop"} {
		has(t, out, "BenchmarkHTTPLatency/"+side+`\s+[1-9][0-9]*\s+[0-9.]+ p50-us\s.*late-p99.9-us\s.*turn-p99.9-us`, 2)
	}
}

func TestHonestRequestsAreMeasuredDuringAFlood(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the open loop needs Linux")
	}
	out := short(t, flood)
	for _, a := range arrangements {
		for _, side := range []string{"honest-alone", "honest-flooded", "forged"} {
			has(t, out, "Benchmark"+a.name+"/"+side+`\s+[1-9][0-9]*\s.*\s[1-9][0-9]* good\s+[0-9]+ busy\s+0 wrong\s+[0-9]+ broken\s.*`, 1)
		}
	}
}

func TestHonestRequestsAreMeasuredDuringAttacks(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the open loop needs Linux")
	}
	out := short(t, pipelines+","+unfinished)
	for _, name := range []string{"HTTPPipelines", "HTTPUnfinished"} {
		for side, n := range map[string]int{"honest-alone": 1, "honest-flooded": 2} {
			has(t, out, "Benchmark"+name+"/"+side+`\s+[1-9][0-9]*\s.*\s[1-9][0-9]* good\s+[0-9]+ busy\s+0 wrong\s+[0-9]+ broken\s.* turn-p99.9-us\s+[1-9][0-9.]* rss-MiB`, n)
		}
	}
}

func TestWrongFlagsAreRejected(t *testing.T) {
	for _, args := range [][]string{{"-connections=0"}, {"-sessions=0"}, {"-sessions=70000"}, {"-new=10"}, {"-rounds=0"}, {"-attackers=0"}, {"-round=1ms"}, {"-round=31s"},
		{"-only=cached"}, {"-only="}, {"-speed=1"}, {"more"}} {
		err := run(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard)
		if got := tool.ExitCode("httpcheck", err, io.Discard); got != 2 {
			t.Errorf("%v: exit code %d (%v), want 2", args, got, err)
		}
	}
	for _, args := range [][]string{{servers.Command}, {servers.Command, "siege", "127.0.0.1:1", "1"}, {servers.Command, "pipelines", "127.0.0.1:1", "no"}, {servers.Command, "sundial", "-1"}, {servers.Command, "noop", "first"}} {
		if err := run(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	if got := tool.ExitCode("httpcheck", run(t.Context(), []string{"-h"}, nil, io.Discard, io.Discard), io.Discard); got != 0 {
		t.Errorf("-h: exit code %d, want 0", got)
	}
}
