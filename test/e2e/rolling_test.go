package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/harness/stack"
)

// haproxyEnv enables the rolling restart test, which needs HAProxy and takes almost a minute.
const haproxyEnv = "RAILGATE_TEST_HAPROXY"

const (
	rollingCalls       = 10_000 // at least, for issuers and for gateways
	rollingRate        = 700    // a second
	rollingConnections = 16     // connections to the proxy
)

// pair is two issuers and two gateways behind HAProxy.
type pair struct {
	*system
	servers map[string]*stack.Server // by the proxy's name for them
	runs    map[string]*process.Process
	socket  string // the proxy's statistics socket
}

// newPair starts all of them, with the sample configuration of the proxy on other ports.
func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{system: newSystem(t), servers: map[string]*stack.Server{}, runs: map[string]*process.Process{}}
	ports, err := process.FreePorts(2)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../deploy/haproxy/haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	// The path of a socket has at most 104 bytes, and a test's folder can be longer.
	sockets, err := os.MkdirTemp("", "rg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	p.socket = filepath.Join(sockets, "haproxy")
	change := []string{"global\n", "global\n    stats socket " + p.socket + " mode 600\n",
		"maxconn 20000", "maxconn 1000"} // within the descriptors of the test machine
	for name, address := range map[string]string{
		"issuer-1": "127.0.0.1:8081", "issuer-2": "127.0.0.1:8083", "gateway-1": "127.0.0.1:8080", "gateway-2": "127.0.0.1:8082",
	} {
		make, more := p.Gateway, stack.Settings{"drain_delay": "2s"}
		if strings.HasPrefix(name, "issuer") {
			make = func(name string, more stack.Settings) (*stack.Server, error) { return p.Issuer(name, more) }
			more["address_rate.burst"], more["throttle.application_burst"], more["throttle.in_flight_network"] = 0, 0, 256
		}
		if p.servers[name], err = make(name, more); err != nil {
			t.Fatal(err)
		}
		change = append(change, address+"\n", strings.TrimPrefix(p.servers[name].URL, "http://")+"\n")
		p.runs[name] = p.start(p.servers[name])
	}
	change = append(change, "bind 127.0.0.1:18080", "bind "+ports[0], "bind 127.0.0.1:18081", "bind "+ports[1])
	p.gate.URL, p.client.Issuer = "http://"+ports[0], "http://"+ports[1]
	file := filepath.Join(p.Dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(change...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	p.endWithTest(process.Start(process.AnyCPU, "haproxy", filepath.Join(p.Dir, "haproxy.log"), "haproxy", "-db", "-f", file))
	for name := range p.servers {
		p.awaitUp(name)
	}
	return p
}

// awaitUp waits until the proxy sends requests to a server.
func (p *pair) awaitUp(name string) {
	p.t.Helper()
	p.ready(p.servers[name])
	runtest.Eventually(p.t, patience, name+" to be up at the proxy", func() bool {
		c, err := net.DialTimeout("unix", p.socket, time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Second))
		io.WriteString(c, "show stat\n")
		all, err := io.ReadAll(c)
		if err != nil {
			return false
		}
		for line := range strings.Lines(string(all)) {
			if fields := strings.Split(line, ","); len(fields) > 17 && fields[1] == name {
				return fields[17] == "UP"
			}
		}
		return false
	})
}

// restarts restarts servers one after the other during calls through the proxy, and counts the
// failed calls.
func (p *pair) restarts(what string, client func(send passenger.Sender) (call func(n int) error), names ...string) {
	p.t.Helper()
	var done atomic.Bool
	var made, lost atomic.Int64
	var first atomic.Pointer[string]
	began := time.Now()
	var workers sync.WaitGroup
	for range rollingConnections {
		c := &http.Client{Timeout: patience, Transport: &http.Transport{}}
		call := client(passenger.HTTP(c))
		workers.Go(func() {
			defer c.CloseIdleConnections()
			for {
				n := made.Add(1)
				if n > rollingCalls && done.Load() {
					made.Add(-1)
					return
				}
				time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / rollingRate)))
				if err := call(int(n)); err != nil {
					lost.Add(1)
					text := err.Error()
					first.CompareAndSwap(nil, &text)
				}
			}
		})
	}
	time.Sleep(time.Second)
	for _, name := range names {
		p.stop(p.runs[name])
		p.runs[name] = p.start(p.servers[name])
		p.awaitUp(name)
	}
	done.Store(true)
	workers.Wait()
	p.t.Logf("%s restarted one after the other: %d calls in %v, %d lost", what, made.Load(), time.Since(began).Round(time.Second), lost.Load())
	if n := lost.Load(); n > 0 || made.Load() < rollingCalls {
		p.t.Errorf("%s: %d of %d calls were lost, the first with %v", what, n, made.Load(), *first.Load())
	}
}

// Behind HAProxy, issuers and gateways are restarted one after the other without losing a call.
func TestRollingRestartLosesNoCall(t *testing.T) {
	if os.Getenv(haproxyEnv) == "" {
		t.Skipf("NOT run: %s is not set; .ci/integration runs it", haproxyEnv)
	}
	p := newPair(t)
	session := p.passenger()
	p.restarts("issuers", func(send passenger.Sender) func(n int) error {
		c := passenger.New(p.client.Issuer, send)
		return func(n int) error {
			if n%4 == 0 { // a write
				_, err := c.Apply(t.Context(), passenger.Resident(passenger.Tests, 2+n%900))
				return err
			}
			return c.Call(t.Context(), "look", "GET", session.Of.Path(""), session.Of.Access, nil, http.StatusOK, nil)
		}
	}, "issuer-1", "issuer-2")

	runtest.Eventually(t, patience, "the passenger's code to be accepted", func() bool { return p.check(session) == "ok" })
	p.restarts("gateways", func(send passenger.Sender) func(n int) error {
		gate := passenger.Gate{URL: p.gate.URL, Device: p.Device, Send: send}
		return func(int) error {
			v, err := gate.Check(t.Context(), session.Text(time.Now()), "entry")
			if err == nil && v.Reason != "ok" {
				err = fmt.Errorf("the verdict is %+v", v)
			}
			return err
		}
	}, "gateway-1", "gateway-2")
}
