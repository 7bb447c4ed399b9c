package loadtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
)

func TestLimitsAreExceededOneByOne(t *testing.T) {
	ms := func(n float64) int64 { return int64(n * float64(time.Millisecond)) }
	for name, c := range map[string]struct {
		own, all     float64 // p99, milliseconds
		late, checks int64
		processor    float64
		want         []string
	}{
		"quiet":                   {own: 0.2, all: 0.6, checks: 150_000, processor: 0.3},
		"short lateness":          {own: 1.9, all: 2, checks: 150_000, processor: 0.3},
		"small part":              {own: 40, all: 100, late: 1500, checks: 150_000},
		"all of it":               {own: 292, all: 301, late: 100_000, checks: 150_000, want: []string{"97 %", "100000 of 150000"}},
		"more than half":          {own: 5.1, all: 10, checks: 1000, want: []string{"51 %"}},
		"many late":               {own: 30, all: 300, late: 11, checks: 1000, want: []string{"11 of 1000 checks more than 20ms"}},
		"busy":                    {own: 0.1, all: 1, checks: 1000, processor: 0.95, want: []string{"95 % of its processors"}},
		"no answer, nothing sent": {},
		"no answer, many late":    {own: 30, late: 500, checks: 1000, want: []string{"500 of 1000"}},
	} {
		all := Latency{P99: ms(c.all)}
		if c.all > 0 {
			all.Count = c.checks
		}
		got := DefaultLimits.exceeded(Latency{P99: ms(c.own), Count: c.checks}, all, c.late, c.checks, c.processor)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(got[i], want) {
				t.Errorf("%s: %q lacks %q", name, got[i], want)
			}
		}
	}
}

func TestFailuresHaveClasses(t *testing.T) {
	for want, err := range map[string]error{
		"refused":    &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"reset":      &net.OpError{Op: "read", Err: syscall.ECONNRESET},
		"timed out":  &net.OpError{Op: "read", Err: &timeoutError{}},
		"connection": errors.New("no route to host"),
	} {
		if got := class(failure(err)); !strings.HasPrefix(got, want) {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	if got := class(failure(fmt.Errorf("reading: %w", io.EOF))); got != "reset" {
		t.Errorf("the end of a connection is %q", got)
	}
	if got := class(statusError(503)); got != "HTTP 503" {
		t.Errorf("503 is %q", got)
	}
}

type timeoutError struct{}

func (*timeoutError) Error() string { return "deadline" }
func (*timeoutError) Timeout() bool { return true }

// The same with real connections: a server that closes them, and no server.
func TestFailuresOfARealConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	check := func() string {
		g, err := newGate("http://"+l.Addr().String(), "rgd_", tokens.Entry)
		if err != nil {
			t.Fatal(err)
		}
		client := g.newClient()
		defer client.close()
		var code tokens.Token
		_, err = client.check(&code)
		return class(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 16))
			c.Close()
		}
	}()
	if got := check(); got != "reset" {
		t.Errorf("a server that closes connections: %q", got)
	}
	l.Close()
	if got := check(); got != "refused" {
		t.Errorf("no server: %q", got)
	}
}

// The two reasons with the code already_used are two rows of a report.
func TestReasonsHaveDifferentNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range tokens.Reasons() {
		if seen[reasonName(r)] {
			t.Errorf("two reasons are named %q", reasonName(r))
		}
		seen[reasonName(r)] = true
	}
	if got := verdictOf(tokens.ReasonUsedElsewhere); got != "deny already_used (fraud)" {
		t.Errorf("named %q", got)
	}
}
