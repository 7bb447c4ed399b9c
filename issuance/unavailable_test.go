package issuance_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/runtest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "issuance") }

// outage stands between an issuer and its database server, and can cut it off.
type outage struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	out   bool                  // mu
	conns map[net.Conn]struct{} // mu
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

// set begins an outage, which breaks every connection, or ends it.
func (o *outage) set(out bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.out = out
	for c := range o.conns {
		c.Close()
	}
	clear(o.conns)
}

// While PostgreSQL cannot be reached, every route answers 503 with Retry-After, or
// what it answers without the database; none answers 500. Afterwards all is well.
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
		db, err := issuance.OpenOutbox(t.Context(), outbox.Config{Database: u.String(), Partitions: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		keys := keystore.New()
		tokens := map[string]string{}
		var roster []staff.Credential
		for _, role := range staff.Roles() {
			secret, c, err := staff.New(string(role), role)
			if err != nil {
				t.Fatal(err)
			}
			tokens[string(role)] = secret
			roster = append(roster, c)
		}
		b, err := issuance.Open(t.Context(), issuance.Config{
			Keys: []keyring.Key{{ID: keys.IssuerID, Signer: keys.Issuer}}, FirstKeySigns: true,
			Credentials: credential.Config{Outbox: db, Vault: keys.Vault,
				Checker: facecheck.Sandbox{}, Residents: provider.SandboxResidents{}},
			Hashing: account.Hashing{MemoryKiB: 64, Passes: 1, Lanes: 1, CheapForTests: true}, Staff: roster,
		})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(b.API.Public())
		t.Cleanup(server.Close)
		call := func(method, path, token, body string) (*http.Response, string) {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			return answer, string(text)
		}
		person := fmt.Sprintf(`"name":"测试","document_type":"resident_id","document_number":%q`, passenger.IDNumber("11010519000101002"))
		form := `{` + person + `,"city":"北京","location":{"latitude":39.9,"longitude":116.4},"policy":"` + issuance.DefaultPolicy + `"}`
		if answer, text := call("POST", "/v1/applications", "", form); answer.StatusCode != http.StatusCreated {
			t.Fatalf("before the outage: %d %s", answer.StatusCode, text)
		}
		o.set(true)
		app, ses := "app_"+strings.Repeat("0", 32), "ses_"+strings.Repeat("0", 32)
		bodies := map[string]string{
			"POST /v1/applications": form, "POST /v1/viewings": `{` + person + `,"evidence":"sandbox:pass","policy":"` + issuance.DefaultPolicy + `"}`,
			"POST /v1/logins":                        `{"login_name":"passenger_1","password":"correct horse"}`,
			"POST /v1/accounts":                      `{"login_name":"passenger_1","password":"correct horse 7","policy":"` + issuance.DefaultPolicy + `","phone":"13800138000",` + person + `}`,
			"POST /v1/credentials/{serial}/revoke":   `{"reason":"fraud"}`,
			"POST /v1/credentials/{serial}/unrevoke": `{}`,
		}
		path := strings.NewReplacer("{serial}", "20494-1", "/applications/{id}", "/applications/"+app, "/sessions/{id}", "/sessions/"+ses,
			"{id}", "psg_"+strings.Repeat("0", 32), "{passenger}", "psg_"+strings.Repeat("0", 32))
		all := append([]string{"", "rga_" + strings.Repeat("0", 64), "rgl_" + strings.Repeat("0", 64)}, "")
		for _, token := range tokens {
			all = append(all, token)
		}
		unavailable := map[string]bool{}
		for _, route := range b.API.Routes() {
			if route.Path == "/readyz" || route.Path == "/healthz" {
				continue
			}
			name := route.Method + " " + route.Path
			for _, token := range all {
				answer, text := call(route.Method, path.Replace(route.Path), token, bodies[name])
				if answer.StatusCode >= 500 && (answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "") {
					t.Errorf("%s: %d %s", name, answer.StatusCode, text)
				}
				if strings.Contains(text, "temporarily_unavailable") || strings.Contains(text, "overloaded") {
					unavailable[name] = true
				}
			}
		}
		for name := range bodies {
			if !unavailable[name] {
				t.Errorf("%s was not answered with temporarily_unavailable", name)
			}
		}
		if len(unavailable) < 15 {
			t.Errorf("only %d routes asked for the database: %v", len(unavailable), unavailable)
		}
		if answer, _ := call("GET", "/readyz", "", ""); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("/readyz: %d", answer.StatusCode)
		}
		o.set(false)
		runtest.Eventually(t, 20*time.Second, "the database to be back", func() bool {
			answer, _ := call("POST", "/v1/applications", "", form)
			return answer.StatusCode == http.StatusCreated
		})
	})
}
