package e2e

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/test/runtest"
)

// A gateway with few descriptors lowers its bound on connections, says so,
// answers again when the connections that took them are gone, and drains.
func TestAGatewayOutlivesMoreConnectionsThanDescriptors(t *testing.T) {
	const descriptors, silent = "256", 300
	s := newStation(t)
	gateway := &process{t: t, log: &runtest.Buffer{}}
	gateway.cmd = exec.Command("/bin/sh", "-c", `ulimit -n "$1" && shift && exec "$@"`, "sh", descriptors,
		s.binary("gateway"), "-config", s.config("gateway"), "-kafka.brokers", "127.0.0.1:1")
	gateway.cmd.Stderr = gateway.log
	if err := gateway.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gateway.kill() })
	healthy := func() bool { return get(s.gatewayURL+"/healthz") == http.StatusOK }
	runtest.Eventually(t, patience, "/healthz", healthy)

	var held []net.Conn
	for range silent {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.gatewayURL, "http://"), patience)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		held = append(held, conn)
	}
	// The last one is answered 503, or ended without an answer after the time for a
	// first byte: either way it was accepted.
	last := held[len(held)-1]
	last.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadAll(last); err != nil {
		t.Fatalf("the last of %d connections was not ended by the gateway: %v", silent, err)
	}
	for _, conn := range held {
		conn.Close()
	}
	runtest.Eventually(t, patience, "/healthz after the silent connections", healthy)
	gateway.stop()
	if log := gateway.log.String(); !strings.Contains(log, `"connections":192`) {
		t.Errorf("no warning says that the bound on connections is lower: %s", tail(log))
	}
}
