package e2e

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/runtest"
)

// A gateway with few descriptors lowers its limit on connections, logs it, answers again when the
// connections have ended, and drains.
func TestGatewaySurvivesMoreConnectionsThanDescriptors(t *testing.T) {
	const descriptors, silent = "256", 300
	s := newSystem(t)
	path, args := s.gateway.Command("-kafka.brokers", "127.0.0.1:1")
	gateway := s.endWithTest(process.Start(process.AnyCPU, "gateway", filepath.Join(s.Dir, "gateway.log"), "/bin/sh",
		append([]string{"-c", `ulimit -n "$1" && shift && exec "$@"`, "sh", descriptors, path}, args...)...))
	healthy := func() bool { return healthy(s.gateway) }
	runtest.Eventually(t, patience, "/healthz", healthy)

	var open []net.Conn
	for range silent {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.gateway.URL, "http://"), patience)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		open = append(open, conn)
	}
	// The last one gets status 503, or is closed without an answer after the time limit for a first
	// byte: in both cases it was accepted.
	last := open[len(open)-1]
	last.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(last); err != nil {
		t.Fatalf("the last of %d connections was not ended by the gateway: %v", silent, err)
	}
	for _, conn := range open {
		conn.Close()
	}
	runtest.Eventually(t, patience, "/healthz after the silent connections", healthy)
	s.stop(gateway)
	if log := gateway.Log(); !strings.Contains(log, `"connections":192`) {
		t.Errorf("no warning about the lower limit on connections: %s", gateway.Tail())
	}
}
