package issuance_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "issuance") }

// outage is a proxy between an issuer and its database server that can be interrupted.
type outage struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	out   bool                  // guarded by mu
	conns map[net.Conn]struct{} // guarded by mu
}

func newOutage(t *testing.T, server string) *outage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &outage{listener: l, server: server, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() { l.Close(); o.set(true) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go o.carry(c)
		}
	}()
	return o
}

// carry joins two connections; both end with the first of them.
func (o *outage) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", o.server)
	if err != nil {
		return
	}
	defer to.Close()
	o.mu.Lock()
	if o.out {
		o.mu.Unlock()
		return
	}
	o.conns[from], o.conns[to] = struct{}{}, struct{}{}
	o.mu.Unlock()
	go func() { io.Copy(to, from); to.Close() }()
	io.Copy(from, to)
}

// set begins an outage, which closes every connection, or ends it.
func (o *outage) set(out bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.out = out
	for c := range o.conns {
		c.Close()
	}
	clear(o.conns)
}

// While PostgreSQL cannot be reached, every route answers 503 with Retry-After, or without the
// database; none answers 500. Afterwards the issuer is ready again.
func TestDatabaseOutageIsA503OnEveryRoute(t *testing.T) {
	dsn := os.Getenv(databasetest.PostgresEnv)
	if dsn == "" {
		t.Skipf("NOT run: %s is not set", databasetest.PostgresEnv)
	}
	databasetest.Each(t, func(t *testing.T, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "postgres" {
			return // SQLite has no server
		}
		o := newOutage(t, u.Host)
		u.Host = o.listener.Addr().String()
		h := harness.Open(t, u.String())
		who := passenger.Resident(passenger.Tests, 0)
		form := who.Application(harness.Policy)
		h.Call("POST", "/v1/applications", "", form).OK(t)
		o.set(true)
		app, ses := "app_"+strings.Repeat("0", 32), "ses_"+strings.Repeat("0", 32)
		bodies := map[string]any{
			"POST /v1/applications": form, "POST /v1/viewings": harness.With(who.Identity(), harness.Object{"evidence": passenger.FacePasses, "policy": harness.Policy}),
			"POST /v1/logins": harness.Object{"login_name": "passenger_1", "password": "correct horse"},
			"POST /v1/accounts": harness.With(who.Identity(), harness.Object{
				"login_name": "passenger_1", "password": "correct horse 7", "policy": harness.Policy, "phone": "13800138000"}),
			"POST /v1/credentials/{serial}/revoke":   harness.Object{"reason": "fraud"},
			"POST /v1/credentials/{serial}/unrevoke": harness.Object{},
		}
		path := strings.NewReplacer("{serial}", "20494-1", "/applications/{id}", "/applications/"+app, "/sessions/{id}", "/sessions/"+ses,
			"{id}", "psg_"+strings.Repeat("0", 32), "{passenger}", "psg_"+strings.Repeat("0", 32))
		all := append([]string{"", "rga_" + strings.Repeat("0", 64), "rgl_" + strings.Repeat("0", 64)}, "")
		for _, role := range staff.Roles() {
			all = append(all, h.Staff(role).Secret)
		}
		unavailable := map[string]bool{}
		for _, route := range h.Issuer.API.Routes() {
			if route.Path == "/readyz" || route.Path == "/healthz" {
				continue
			}
			name := route.Method + " " + route.Path
			for _, token := range all {
				body := bodies[name]
				if body == nil {
					body = "" // not JSON
				}
				answer := h.Call(route.Method, path.Replace(route.Path), token, body)
				text := string(answer.Body)
				if answer.Status >= 500 && (answer.Status != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "") {
					t.Errorf("%s: %d %s", name, answer.Status, text)
				}
				if strings.Contains(text, "temporarily_unavailable") || strings.Contains(text, "overloaded") {
					unavailable[name] = true
				}
			}
		}
		for name := range bodies {
			if !unavailable[name] {
				t.Errorf("%s did not answer temporarily_unavailable", name)
			}
		}
		if len(unavailable) < 15 {
			t.Errorf("only %d routes need the database: %v", len(unavailable), unavailable)
		}
		if answer := h.Call("GET", "/readyz", "", nil); answer.Status != http.StatusServiceUnavailable {
			t.Errorf("/readyz: %d", answer.Status)
		}
		o.set(false)
		runtest.Eventually(t, 20*time.Second, "the database to be back", func() bool {
			return h.Call("POST", "/v1/applications", "", form).Status == http.StatusCreated
		})
	})
}
