package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/test/runtest"
)

// haproxyEnv says that the rolling restart is to be run, which needs HAProxy and
// takes most of a minute.
const haproxyEnv = "RAILGATE_TEST_HAPROXY"

const (
	rollingCalls = 10_000 // at least, for issuers and for gateways
	rollingRate  = 700    // a second
	rollingHands = 16     // connections to the proxy
)

// pair is two issuers and two gateways behind HAProxy.
type pair struct {
	*station
	args   map[string][]string // of each server, by the proxy's name for it
	urls   map[string]string
	runs   map[string]*process
	socket string // where the proxy tells how its servers are
}

// newPair starts all of them, with the proxy's sample file on other ports.
func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{station: newStation(t), args: map[string][]string{}, urls: map[string]string{}, runs: map[string]*process{}}
	ports := freePorts(t, 10)
	text, err := os.ReadFile("../../deploy/haproxy/haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	// A path of a socket has 104 bytes at most, and a test's folder can be longer.
	sockets, err := os.MkdirTemp("", "rg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	p.socket = filepath.Join(sockets, "haproxy")
	change := []string{"global\n", "global\n    stats socket " + p.socket + " mode 600\n",
		"maxconn 20000", "maxconn 1000"} // what the tests' machine has descriptors for
	for i, s := range []struct{ name, address string }{
		{"issuer-1", "127.0.0.1:8081"}, {"issuer-2", "127.0.0.1:8083"}, {"gateway-1", "127.0.0.1:8080"}, {"gateway-2", "127.0.0.1:8082"},
	} {
		listen, admin := ports[2*i], ports[2*i+1]
		change = append(change, s.address+"\n", listen+"\n")
		p.urls[s.name] = "http://" + listen
		p.args[s.name] = []string{"-listen", listen, "-admin", admin, "-drain_delay", "2s"}
		if kind, _, _ := strings.Cut(s.name, "-"); kind == "gateway" {
			dir := filepath.Join(p.dir, s.name)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			p.args[s.name] = append(p.args[s.name], "-snapshots.dir", dir)
		} else {
			p.args[s.name] = append(p.args[s.name], "-address_rate.burst", "0", "-throttle.application_burst", "0", "-throttle.in_flight_network", "256")
		}
		p.run(s.name)
	}
	change = append(change, "bind 127.0.0.1:18080", "bind "+ports[8], "bind 127.0.0.1:18081", "bind "+ports[9])
	p.gatewayURL, p.issuerURL = "http://"+ports[8], "http://"+ports[9]
	file := filepath.Join(p.dir, "haproxy.cfg")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(change...).Replace(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := exec.Command("haproxy", "-db", "-f", file)
	var said runtest.Buffer
	proxy.Stdout, proxy.Stderr = &said, &said
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		proxy.Process.Kill()
		proxy.Wait()
		if t.Failed() {
			t.Logf("haproxy said:\n%s", tail(said.String()))
		}
	})
	for name := range p.args {
		p.up(name)
	}
	return p
}

func (p *pair) run(name string) {
	kind, _, _ := strings.Cut(name, "-")
	p.runs[name] = p.start(kind, p.args[name])
}

// up waits until the proxy sends requests to a server.
func (p *pair) up(name string) {
	p.t.Helper()
	awaitReady(p.t, p.urls[name])
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

// restarts restarts servers one after the other while calls are made through the
// proxy, and counts the calls that got no good answer.
func (p *pair) restarts(what string, call func(c *http.Client, n int) error, names ...string) {
	p.t.Helper()
	var done atomic.Bool
	var made, lost atomic.Int64
	var first atomic.Pointer[string]
	began := time.Now()
	var hands sync.WaitGroup
	for range rollingHands {
		client := &http.Client{Timeout: patience, Transport: &http.Transport{}}
		hands.Go(func() {
			defer client.CloseIdleConnections()
			for {
				n := made.Add(1)
				if n > rollingCalls && done.Load() {
					made.Add(-1)
					return
				}
				time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / rollingRate)))
				if err := call(client, int(n)); err != nil {
					lost.Add(1)
					text := err.Error()
					first.CompareAndSwap(nil, &text)
				}
			}
		})
	}
	time.Sleep(time.Second)
	for _, name := range names {
		p.runs[name].stop()
		p.run(name)
		p.up(name)
	}
	done.Store(true)
	hands.Wait()
	p.t.Logf("%s restarted one after the other: %d calls in %v, %d lost", what, made.Load(), time.Since(began).Round(time.Second), lost.Load())
	if n := lost.Load(); n > 0 || made.Load() < rollingCalls {
		p.t.Errorf("%s: %d of %d calls were lost, the first with %v", what, n, made.Load(), *first.Load())
	}
}

// asks sends a request and wants a status; it returns the body.
func asks(c *http.Client, method, url, bearer, kind, body string, want int) ([]byte, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s answered %d: %s", method, url, answer.StatusCode, text)
	}
	return text, err
}

// Behind HAProxy issuers and gateways are restarted one after the other, and no call
// is lost.
func TestRollingRestartLosesNoCall(t *testing.T) {
	if os.Getenv(haproxyEnv) == "" {
		t.Skipf("NOT run: %s is not set; .ci/lane runs it", haproxyEnv)
	}
	p := newPair(t)
	h := p.holder()
	text, err := asks(http.DefaultClient, "POST", p.issuerURL+"/v1/applications", "", "application/json", application(1), http.StatusCreated)
	var mine struct {
		Application string
		AccessToken string `json:"access_token"`
	}
	if err == nil {
		err = json.Unmarshal(text, &mine)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.restarts("issuers", func(c *http.Client, n int) error {
		if n%4 == 0 { // a write
			_, err := asks(c, "POST", p.issuerURL+"/v1/applications", "", "application/json", application(2+n%900), http.StatusCreated)
			return err
		}
		_, err := asks(c, "GET", p.issuerURL+"/v1/applications/"+mine.Application, mine.AccessToken, "application/json", "", http.StatusOK)
		return err
	}, "issuer-1", "issuer-2")

	runtest.Eventually(t, patience, "the holder's code to be good", func() bool { return p.check(h.text()) == "ok" })
	p.restarts("gateways", func(c *http.Client, n int) error {
		text, err := asks(c, "POST", p.gatewayURL+"/v1/check?scope=entry", p.device, "text/plain", h.text(), http.StatusOK)
		if err == nil && !strings.Contains(string(text), `"reason":"ok"`) {
			err = fmt.Errorf("the verdict is %s", text)
		}
		return err
	}, "gateway-1", "gateway-2")
}

func application(person int) string {
	return fmt.Sprintf(`{"name":"测试","document_type":"resident_id","document_number":%q,"city":"北京","location":{"latitude":39.9,"longitude":116.4},"policy":%q}`,
		personNumber(person), issuance.DefaultPolicy)
}
