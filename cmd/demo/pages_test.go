package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/web"
)

func openWith(t *testing.T, a addresses) *system {
	t.Helper()
	h, err := openSystem(a, zap.NewNop())
	runtest.Must(t, err)
	t.Cleanup(func() { h.close() })
	runtest.Must(t, h.awaitReady())
	return h
}

func fetched(t *testing.T, client *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := client.Do(r)
	runtest.Must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	runtest.Must(t, err)
	return answer, string(body)
}

// A newcomer finds the three pages in the first lines, and a credential for each role of the desk that works.
func TestServePrintsPagesAndCredentials(t *testing.T) {
	h := openWith(t, anywhere)
	var out strings.Builder
	runtest.Must(t, h.introduce(&out, passenger.Ticket{}, true))
	for _, line := range []string{"  passenger  " + h.issuer + "/\n", "  desk       " + h.issuer + "/desk/\n", "  handheld   " + h.handheld + "/handheld/\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("%q is not printed:\n%s", line, out.String())
		}
	}
	for _, role := range roles {
		found := regexp.MustCompile(`(?m)^  ` + string(role) + ` +(rgs_[0-9a-f]{64})$`).FindStringSubmatch(out.String())
		if found == nil {
			t.Errorf("no credential of role %s:\n%s", role, out.String())
			continue
		}
		r, _ := http.NewRequest("GET", h.issuer+"/v1/staff/me", nil)
		r.Header.Set("Authorization", "Bearer "+found[1])
		answer, body := fetched(t, http.DefaultClient, r)
		var me struct{ Roles []staff.Role }
		if err := json.Unmarshal([]byte(body), &me); err != nil || answer.StatusCode != http.StatusOK || len(me.Roles) != 1 || me.Roles[0] != role {
			t.Errorf("the credential of role %s: %d %s", role, answer.StatusCode, body)
		}
	}
	if !strings.Contains(out.String(), person(firstVisitor).DocumentNumber) {
		t.Errorf("no person to try it as:\n%s", out.String())
	}
}

// The account that -serve makes can log in, and the handheld shows its holder's ticket.
func TestVisitorHasAnAccountAndATicket(t *testing.T) {
	h := openWith(t, anywhere)
	ticket, err := h.makeVisitor()
	runtest.Must(t, err)
	var out strings.Builder
	runtest.Must(t, h.introduce(&out, ticket, false))
	found := regexp.MustCompile(`ticket for G101 at \d\d:\d\d, coach 05, seat 12F:\n  (\S+)  (\S+)\n`).FindStringSubmatch(out.String())
	if found == nil {
		t.Fatalf("no account is printed:\n%s", out.String())
	}
	login, err := h.post("/v1/logins", "", map[string]string{"login_name": found[1], "password": found[2]})
	if err != nil || login.Status != http.StatusCreated {
		t.Fatalf("the login: %d %s, %v", login.Status, login.Body, err)
	}
	p := phone{system: h}
	runtest.Must(t, p.apply(ticketed))
	runtest.Must(t, p.openSession())
	device := h.gate(h.beijing, handheld)
	device.More = "&train=G101"
	runtest.Eventually(t, readyTimeout, "the ticket at the handheld", func() bool {
		code := p.code(p.step())
		v, err := h.scan(device, code.Text(), "onboard")
		return err == nil && v.Verdict == "allow" && v.Ticket.State == "held" && v.Ticket.Seat == "12F"
	})
}

// The printed setup code makes a working handheld: through the page's origin it gets verdicts and a bundle that its
// authority signed.
func TestSetupCodeMakesAWorkingHandheld(t *testing.T) {
	h := openWith(t, anywhere)
	text, err := h.setupCode(h.beijing)
	runtest.Must(t, err)
	if _, width, err := qrRows(text); err != nil || width+2*quietBeside > columns {
		t.Errorf("the QR code of the setup code is %d modules wide: %v", width, err)
	}
	var setup provisioning
	runtest.Must(t, json.Unmarshal([]byte(text), &setup))
	if setup.Version != 1 || setup.Station != h.beijing.name || len(setup.Scopes) == 0 {
		t.Fatalf("setup code %s", text)
	}
	authority, err := revocation.ParseAuthority(setup.Authority)
	runtest.Must(t, err)
	verifier := bundle.NewVerifier(authority, setup.Device)
	r, _ := http.NewRequest("GET", h.handheld+"/v1/bundle", nil)
	r.Header.Set("Authorization", "Bearer "+setup.Credential)
	answer, body := fetched(t, http.DefaultClient, r)
	now := time.Now().UnixMilli()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the bundle: %d %s", answer.StatusCode, body)
	}
	if err := verifier.Accept([]byte(body), bundle.Clock{WallMS: now, SteadyMS: now, Boot: 1}); err != nil {
		t.Errorf("the bundle is refused: %v", err)
	}
	r, _ = http.NewRequest("POST", h.handheld+"/v1/check?scope="+setup.Scopes[0], strings.NewReader("RG1:x"))
	r.Header.Set("Authorization", "Bearer "+setup.Credential)
	r.Header.Set("Origin", h.handheld)
	if answer, body := fetched(t, http.DefaultClient, r); answer.StatusCode != http.StatusOK || !strings.Contains(body, `"reason":"malformed"`) {
		t.Errorf("a check: %d %s", answer.StatusCode, body)
	}
}

// The handheld's origin has its files and the gateway's API, and nothing of the issuer.
func TestHandheldOriginHasFilesAndGateway(t *testing.T) {
	h := openWith(t, anywhere)
	for path, want := range map[string]int{"/ui/page.js": 200, "/handheld/nothing": 404, "/v1/nothing": 404, "/passenger/app.js": 404, "/v1": 404, "/metrics": 404, "/v1%2fcheck": 404} {
		r, _ := http.NewRequest("GET", h.handheld+path, nil)
		answer, body := fetched(t, http.DefaultClient, r)
		if answer.StatusCode != want {
			t.Errorf("%s: %d %s", path, answer.StatusCode, body)
		}
		if want == 200 && answer.Header.Get("Content-Security-Policy") != web.Policy(true) {
			t.Errorf("%s: %v", path, answer.Header)
		}
	}
}

// A proxy with all slots in use refuses at once, and a gateway that is gone is a bad gateway.
func TestStationProxyIsBounded(t *testing.T) {
	hold, arrived := make(chan struct{}), make(chan struct{}, proxied)
	gateway := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-hold }))
	p, err := newStationProxy(gateway.URL)
	runtest.Must(t, err)
	ended := make(chan int, proxied)
	ask := func() int {
		answer := httptest.NewRecorder()
		p.ServeHTTP(answer, httptest.NewRequest("GET", "/v1/bundle", nil))
		return answer.Code
	}
	for range proxied {
		go func() { ended <- ask() }()
	}
	for range proxied {
		<-arrived
	}
	if status := ask(); status != http.StatusServiceUnavailable {
		t.Errorf("one request more: %d", status)
	}
	close(hold)
	for range proxied {
		if status := <-ended; status != http.StatusOK {
			t.Errorf("a request: %d", status)
		}
	}
	gateway.Close()
	if status := ask(); status != http.StatusBadGateway {
		t.Errorf("without a gateway: %d", status)
	}
}

// With -lan the pages have TLS with a certificate of the address, and QR codes open them.
func TestPagesOnTheLANHaveTLS(t *testing.T) {
	at := anywhere
	at.lan = "127.0.0.1"
	h := openWith(t, at)
	var out strings.Builder
	runtest.Must(t, h.introduce(&out, passenger.Ticket{}, true))
	leaf, err := x509.ParseCertificate(h.lan.certificate.Certificate[0])
	runtest.Must(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(leaf)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	for _, url := range []string{h.pages + "/ui/page.js", h.handheld + "/ui/page.js", h.pages + "/v1/contact"} {
		r, _ := http.NewRequest("GET", url, nil)
		if answer, _ := fetched(t, client, r); answer.StatusCode != http.StatusOK || !strings.HasPrefix(url, "https://127.0.0.1:") {
			t.Errorf("%s: %d", url, answer.StatusCode)
		}
	}
	for _, text := range []string{h.pages + "/", h.handheld + "/handheld/"} {
		if rows, _, err := qrRows(text); err != nil || !strings.Contains(out.String(), strings.Join(rows, "\n")) {
			t.Errorf("no QR code of %s: %v", text, err)
		}
	}
	if strings.Count(out.String(), "Scan ") != 3 {
		t.Errorf("not three QR codes:\n%s", out.String())
	}
}

func TestAddressOfTheLAN(t *testing.T) {
	for _, text := range []string{"0.0.0.0", "::", "x", "192.168.1.5:8081", "224.0.0.1", "fe80::1%eth0", "https://192.168.1.5"} {
		if _, err := newLAN(text); err == nil || !strings.Contains(err.Error(), "-lan") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if l, err := newLAN(""); l != nil || err != nil {
		t.Errorf("without an address: %v, %v", l, err)
	}
	if l, err := newLAN("192.168.1.5"); err != nil || len(l.fingerprint) != 32*3-1 {
		t.Errorf("%+v, %v", l, err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-serve", "-no-story", "-lan", "x"}, &out); err == nil {
		t.Error("the demo starts with -lan x")
	}
}
