package passenger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// fakeIssuer follows the contract, except that spoil changes one of its answers before it is sent.
type fakeIssuer struct {
	start    int64
	session  tokentest.Session
	requests atomic.Int64
	spoil    func(answer map[string]any) // nil: no change
	of       string                      // the call whose answer is changed
	status   int                         // of that call; 0: the correct one
}

func (d *fakeIssuer) client(t *testing.T) *Client {
	t.Helper()
	d.start = time.Now().Unix()
	d.session = tokentest.NewIssuer(1).Open(17, d.start)
	s := httptest.NewServer(d)
	t.Cleanup(s.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return New(s.URL, HTTP(&http.Client{Transport: transport, Timeout: 10 * time.Second}))
}

func (d *fakeIssuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.requests.Add(1)
	hexes := strings.Repeat("ab", 32)
	var in map[string]any
	if body, _ := io.ReadAll(r.Body); len(body) > 0 && json.Unmarshal(body, &in) != nil {
		w.WriteHeader(400)
		return
	}
	call := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	serial := d.session.Fields.Serial.String()
	status, out := 201, map[string]any{}
	if call != "applications" && call != "revoke" && call != "privacy-policy" && r.Header.Get("Authorization") != "Bearer rga_"+hexes {
		call, status = "unauthorized", 401
	}
	switch call {
	case "privacy-policy":
		status, out = 200, map[string]any{"version": "2026-11"}
	case "applications":
		if in["policy"] != "2026-11" {
			status = 409
		}
		out = map[string]any{"application": "app_" + hexes[:32], "status": "submitted", "access_token": "rga_" + hexes, "added": "in a later version"}
	case "checks":
		out = map[string]any{"check": "chk_" + hexes[:32], "expires_at": d.start + 120,
			"application": map[string]any{"status": "approved", "serial": serial, "expires_at": d.start + 86400}}
	case "sessions":
		out = map[string]any{"session": "ses_" + hexes[:32], "serial": serial, "start_at": d.start, "period_seconds": 60, "length": 30}
		if in["mode"] == "anchor" {
			p := d.session.Fields
			fmt.Sscanf(in["anchor"].(string), "%x", (*anchorText)(&p.Anchor))
			out["pass"] = fmt.Sprintf("%x", signedPass(p))
		}
	case "code":
		code := d.session.Code(0)
		status, out = 200, map[string]any{"text": code.Text(), "step": 0, "next_at": d.start + 60}
	case "revoke":
		status, out = 202, map[string]any{"serial": serial}
	}
	if call == d.of {
		if d.spoil != nil {
			d.spoil(out)
		}
		if d.status != 0 {
			status = d.status
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(out)
}

// anchorText scans hex digits into a link.
type anchorText tokens.Link

func (a *anchorText) Scan(state fmt.ScanState, _ rune) error {
	var raw []byte
	if _, err := fmt.Fscanf(state, "%x", &raw); err != nil {
		return err
	}
	copy(a[:], raw)
	return nil
}

// signedPass returns a pass of these fields; no test checks its signature.
func signedPass(p tokens.Pass) tokens.SignedPass {
	message, err := p.Message()
	if err != nil {
		panic(err)
	}
	var signature [tokens.SigSize]byte
	return tokens.AssemblePass(&message, &signature)
}

// journey makes every request once.
func journey(c *Client) error {
	ctx := context.Background()
	a, first, err := c.Approve(ctx, Resident(Tests, 0))
	if err != nil {
		return err
	}
	second, err := c.Check(ctx, a)
	if err != nil {
		return err
	}
	if _, err := c.Anchor(ctx, a, first, tokens.Link{1, 2, 3}); err != nil {
		return err
	}
	s, err := c.Host(ctx, a, second)
	if err != nil {
		return err
	}
	if _, err := c.Code(ctx, s); err != nil {
		return err
	}
	return c.Revoke(ctx, a.Serial, "rgs_")
}

func TestJourneyByTheContractSucceeds(t *testing.T) {
	d := &fakeIssuer{}
	if err := journey(d.client(t)); err != nil {
		t.Fatal(err)
	}
	if n := d.requests.Load(); n != 8 {
		t.Errorf("the issuer got %d requests, want 8", n)
	}
}

// An answer that deviates from the contract is an error, whatever its status.
func TestWrongAnswersAreErrors(t *testing.T) {
	set := func(name string, v any) func(map[string]any) { return func(a map[string]any) { a[name] = v } }
	inner := func(name string, v any) func(map[string]any) {
		return func(a map[string]any) { a["application"].(map[string]any)[name] = v }
	}
	other := tokentest.NewIssuer(1).Open(18, time.Now().Unix())
	foreign := other.Code(0)
	for name, d := range map[string]*fakeIssuer{
		"an application without a name":   {of: "applications", spoil: set("application", "")},
		"an access token in capitals":     {of: "applications", spoil: set("access_token", "rga_"+strings.Repeat("AB", 32))},
		"approved without a check":        {of: "applications", spoil: set("status", "approved")},
		"another status":                  {of: "applications", status: 200},
		"a problem":                       {of: "applications", status: 409},
		"a check that approves nothing":   {of: "checks", spoil: inner("status", "submitted")},
		"an invalid serial":               {of: "checks", spoil: inner("serial", "17")},
		"an expired check":                {of: "checks", spoil: set("expires_at", 1)},
		"a check without a name":          {of: "checks", spoil: set("check", "chk_")},
		"a session of another credential": {of: "sessions", spoil: set("serial", "20494-3")},
		"a session that began long ago":   {of: "sessions", spoil: set("start_at", 1770681600)},
		"steps of another length":         {of: "sessions", spoil: set("period_seconds", 30)},
		"an invalid pass":                 {of: "sessions", spoil: set("pass", "00")},
		"a pass of another anchor":        {of: "sessions", spoil: set("pass", fmt.Sprintf("%x", other.Pass))},
		"an invalid code":                 {of: "code", spoil: set("text", "RG1:")},
		"another passenger's code":        {of: "code", spoil: set("text", foreign.Text())},
		"a code of another step":          {of: "code", spoil: set("step", 1)},
		"a code without the next time":    {of: "code", spoil: set("next_at", 0)},
		"a field of the wrong type":       {of: "code", spoil: set("step", "0")},
		"another credential revoked":      {of: "revoke", spoil: set("serial", "20494-3")},
		"revoked with status 200":         {of: "revoke", status: 200},
	} {
		err := journey(d.client(t))
		var statusErr *StatusError
		if err == nil || errors.As(err, &statusErr) != (d.status != 0) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "rga_") || strings.Contains(err.Error(), string(Tests)) {
			t.Errorf("%s: the error contains data of the request", name)
		}
	}
}

// An unexpected status is a [*StatusError], a missing answer is not, and neither is retried.
func TestStatusErrorsDifferFromMissingAnswers(t *testing.T) {
	var statusErr *StatusError
	for _, status := range []int{500, 503, 504} {
		d := &fakeIssuer{of: "checks", status: status}
		if err := journey(d.client(t)); !errors.As(err, &statusErr) || statusErr.Status != status {
			t.Errorf("%d: %v", status, err)
		}
		if n := d.requests.Load(); n != 3 { // policy, application, check
			t.Errorf("%d: %d requests, want 3", status, n)
		}
	}
	if err := journey(New("http://127.0.0.1:1", HTTP(http.DefaultClient))); err == nil || errors.As(err, &statusErr) {
		t.Errorf("no server: %v", err)
	}
}

func TestOnlyTheCodeOfAProblemIsShown(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":"overloaded","detail":"x"}`: "overloaded", `{"code":"110108 is bad"}`: "?", "no JSON": "?", `{}`: "",
		`{"code":"` + strings.Repeat("a", 99) + `"}`: strings.Repeat("a", 40),
	} {
		if got := (Answer{Body: []byte(body)}).Code(); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
