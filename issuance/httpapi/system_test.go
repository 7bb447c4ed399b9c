package httpapi_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/railgate/railgate/issuance"
	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/httpapi"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/harness"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// Test persons have invented resident ID numbers: the region of a city district, a birth
// date and a valid check digit.
const (
	testName   = "测试甲"
	testNumber = "110105199003074616"
)

// system is a running issuer and what tests inspect.
type system struct {
	t        testing.TB
	clock    *harness.Clock
	keys     *keystore.Keys
	outbox   *outbox.Outbox
	database string // path of its file
	service  *credential.Service
	api      *httpapi.API
	accounts *account.Service
	registry *registry.Store
	auditLog *audit.Log
	staff    string // a staff credential that may revoke and unrevoke
	staffOf  map[staff.Role]string
	phones   *provider.SandboxCodes
	marks    []string // secrets that must not appear in logs, metrics or errors
	logs     *runtest.Buffer
	metrics  *prometheus.Registry
	server   *httptest.Server
	admin    *httptest.Server
	woken    chan struct{}
	people   atomic.Int64 // number of test persons so far

	mu      sync.Mutex
	answers []answer        // guarded by mu; every response so far
	seen    map[string]bool // guarded by mu; operation and status
}

type setup struct {
	checker                   facecheck.Checker
	checkTimeout              time.Duration
	maxInFlight               int
	proxies                   throttle.Proxies
	changes                   throttle.Rate
	identifications, subjects throttle.Allowance
	maxChecks                 int
	residents                 provider.ResidentRegistry
	rate                      throttle.Rate
	callback                  http.Handler // nil: refuses all callbacks
	trouble                   func() string
	pages                     httpapi.Pages
}

// testPolicy is the current privacy policy.
const testPolicy = "2026-01"

// roster creates a credential for every role.
func (w *system) roster() []staff.Credential {
	w.t.Helper()
	w.staffOf = make(map[staff.Role]string)
	var all []staff.Credential
	for _, role := range staff.Roles() {
		secret, c, err := staff.New(string(role)+"-7", role)
		runtest.Must(w.t, err)
		w.staffOf[role] = secret
		all = append(all, c)
	}
	// A small station combines two roles.
	secret, c, err := staff.New("police-and-window-7", staff.Window, staff.Police)
	runtest.Must(w.t, err)
	w.staff = secret
	return append(all, c)
}

func newSystem(t testing.TB, s setup) *system {
	t.Helper()
	w := &system{
		t: t, clock: new(harness.Clock), keys: keystore.New(),
		phones: provider.NewSandboxCodes(), logs: &runtest.Buffer{}, metrics: prometheus.NewRegistry(), woken: make(chan struct{}, 1000), seen: make(map[string]bool),
	}
	w.clock.Set(time.Unix(tokentest.Epoch, 250e6))
	if s.checker == nil {
		s.checker = facecheck.Sandbox{}
	}
	log := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(w.logs), zap.DebugLevel))
	w.database = filepath.Join(t.TempDir(), "issuer.db")
	var err error
	w.outbox, err = issuance.OpenOutbox(context.Background(), outbox.Config{Database: w.database, Partitions: 4, Now: w.clock.Now})
	runtest.Must(t, err)
	t.Cleanup(func() { w.outbox.Close() })
	w.outbox.SetWake(func(int) { w.woken <- struct{}{} })
	if s.residents == nil {
		s.residents = provider.SandboxResidentRegistry{}
	}
	if s.callback == nil {
		s.callback = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	}
	issuer, err := issuance.Open(context.Background(), issuance.Config{
		Credentials: credential.Config{
			Outbox: w.outbox, Vault: w.keys.Vault, Checker: s.checker, CheckTimeout: s.checkTimeout, MaxChecks: s.maxChecks, Residents: s.residents,
			Changes: s.changes, Identifications: s.identifications, Subjects: s.subjects, Trouble: s.trouble, Now: w.clock.Now, Log: log, Metrics: w.metrics,
		},
		Keys: []keyring.Key{{ID: w.keys.IssuerID, Signer: w.keys.Issuer}}, FirstKeySigns: true,
		Policy: testPolicy, Codes: w.phones, Staff: w.roster(),
		Hashing: account.Hashing{MemoryKiB: 64, Passes: 1, Lanes: 1, CheapForTests: true},
		HTTP:    httpapi.Config{Pages: s.pages, Rate: s.rate, Callback: s.callback, Proxies: s.proxies, MaxInFlight: s.maxInFlight},
	})
	runtest.Must(t, err)
	w.service, w.api, w.accounts, w.registry, w.auditLog = issuer.Credentials, issuer.API, issuer.Accounts, issuer.Registry, issuer.AuditLog
	w.server = httptest.NewServer(w.api.Public())
	t.Cleanup(w.server.Close)
	w.admin = httptest.NewServer(w.api.Admin(w.metrics))
	t.Cleanup(w.admin.Close)
	return w
}

// answer is an HTTP response.
type answer struct {
	Status    int
	Header    http.Header
	Body      []byte
	operation string // documented operation and status; empty if there is none
}

// call sends a request. body is marshalled unless it is a string; nil sends none.
func (w *system) call(method, path, token string, body any) answer {
	w.t.Helper()
	return w.send(w.request(method, path, token, body))
}

func (w *system) request(method, path, token string, body any) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.URL+path, reader(w.t, body))
	runtest.Must(w.t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// adminGet sends a GET request to the admin listener.
func (w *system) adminGet(path string) (status int, body string) {
	w.t.Helper()
	resp, err := http.Get(w.admin.URL + path)
	runtest.Must(w.t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	runtest.Must(w.t, err)
	return resp.StatusCode, string(got)
}

// send sends a request and checks the response against the document.
func (w *system) send(r *http.Request) answer {
	w.t.Helper()
	var sent []byte
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err == nil {
			sent, err = io.ReadAll(body)
		}
		runtest.Must(w.t, err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return answer{}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	a := answer{Status: resp.StatusCode, Header: resp.Header, Body: got}
	a.operation = apiContract(w.t).validate(w.t, r, sent, a)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = append(w.answers, a)
	w.seen[a.operation] = true
	return a
}

// publish marks all waiting records as published, as the publisher does.
func (w *system) publish() {
	w.t.Helper()
	epoch, err := w.outbox.Epoch(context.Background())
	runtest.Must(w.t, err)
	for partition := range w.outbox.Partitions() {
		p, err := w.outbox.TakeRecords(context.Background(), epoch, partition, 0, 1024)
		if err != nil || !p.Drained {
			w.t.Fatalf("partition %d: %+v, %v", partition, p, err)
		}
		if n := uint64(len(p.Records)); n > 0 {
			runtest.Must(w.t, w.outbox.MarkPublished(context.Background(), epoch, partition, p.First+n-1))
		}
	}
}

func reader(t testing.TB, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return bytes.NewReader([]byte(b))
	}
	raw, err := json.Marshal(body)
	runtest.Must(t, err)
	return bytes.NewReader(raw)
}

// as decodes the body of a response, which must have the status.
func as[T any](t testing.TB, a answer, status int) (v T) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	if err := json.Unmarshal(a.Body, &v); err != nil {
		t.Fatalf("cannot decode %s: %v", a.Body, err)
	}
	return v
}

// wantStatusCode asserts the status of a response.
func wantStatusCode(t testing.TB, a answer, want int) {
	t.Helper()
	if a.Status != want {
		t.Errorf("answered %d, want %d: %s", a.Status, want, a.Body)
	}
}

// wantEntryStatus asserts that a response is an entry with the status.
func wantEntryStatus(t testing.TB, a answer, status string) {
	t.Helper()
	if e := as[entry](t, a, http.StatusOK); e.Status != status {
		t.Fatalf("the entry is %s, want %s", e.Status, status)
	}
}

// wantProblem asserts that a response is a problem with the status and code.
func wantProblem(t testing.TB, a answer, status int, code problem.Code) {
	t.Helper()
	p := as[struct {
		Code   problem.Code
		Status int
	}](t, a, status)
	if p.Code != code || p.Status != status {
		t.Fatalf("problem %s (status %d in the body), want %s (%d)", p.Code, p.Status, code, status)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("the problem has the content type %q", got)
	}
}

type object = map[string]any

// bodyOf returns an object as a body; nil sends none.
func bodyOf(o object) any {
	if o == nil {
		return nil
	}
	return o
}

func form() object {
	return object{
		"name": testName, "document_type": "resident_id", "document_number": testNumber, "city": "北京",
		"location": object{"latitude": 39.9, "longitude": 116.4}, "policy": testPolicy,
	}
}

// holder is a passenger with an application.
type holder struct {
	w                   *system
	Application, Status string
	Token               string `json:"access_token"`
	Serial              string `json:"-"`
	Number              string `json:"-"` // of the document
}

func (w *system) apply() *holder {
	w.t.Helper()
	return w.applyAs(with("document_number", number(int(w.people.Add(1))-1)))
}

// number returns the document number of the n-th test person; the first is testNumber.
func number(n int) string {
	return passenger.IDNumber(fmt.Sprintf("110105%d%02d07%03d", 1990-n/9000%60, 3+n/1000%9, (461+n)%1000))
}

func (w *system) applyAs(f object) *holder {
	w.t.Helper()
	h := as[holder](w.t, w.call("POST", "/v1/applications", "", f), http.StatusCreated)
	h.w, h.Number = w, f["document_number"].(string)
	return &h
}

// recoverAccess returns to the credential of a document with a face check.
func (w *system) recoverAccess(number string) (h *holder, check string) {
	w.t.Helper()
	in := as[struct {
		Token       string `json:"access_token"`
		Check       string
		Application struct{ Application, Status, Serial string }
	}](w.t, w.call("POST", "/v1/viewings", "", recoveryForm(number)), http.StatusCreated)
	a := in.Application
	return &holder{w: w, Application: a.Application, Status: a.Status, Token: in.Token, Serial: a.Serial, Number: number}, in.Check
}

// recoveryForm is the body of an access recovery.
func recoveryForm(number string) object {
	return object{"name": testName, "document_type": "resident_id", "document_number": number, "evidence": "sandbox:pass", "policy": testPolicy}
}

func (h *holder) path(rest string) string { return "/v1/applications/" + h.Application + rest }

// wantStatus asserts the status of the application.
func (h *holder) wantStatus(want string) {
	h.w.t.Helper()
	if now := as[holder](h.w.t, h.w.call("GET", h.path(""), h.Token, nil), http.StatusOK); now.Status != want {
		h.w.t.Fatalf("the application is %q, want %q", now.Status, want)
	}
}

// passCheck passes a face check and returns its id.
func (h *holder) passCheck() string {
	h.w.t.Helper()
	c := as[struct {
		Check       string
		Application struct{ Serial string }
	}](h.w.t, h.w.call("POST", h.path("/checks"), h.Token, object{"evidence": "sandbox:pass"}), http.StatusCreated)
	h.Serial = c.Application.Serial
	return c.Check
}

type session struct {
	Session, Pass, Serial string
	StartAt               int64 `json:"start_at"`
	Expires               int64 `json:"expires_at"`
	Period                int   `json:"period_seconds"`
	Length                int
}

// openAnchored opens a session in anchor mode and returns the phone's code for each step.
func (h *holder) openAnchored(check string) (session, func(step int) tokens.Token) {
	h.w.t.Helper()
	serial, err := tokens.ParseSerial(h.Serial)
	runtest.Must(h.w.t, err)
	anchor, links := tokens.Chain(tokens.Link{1, 2, 3}, serial, tokens.Length)
	s := as[session](h.w.t, h.w.call("POST", h.path("/sessions"), h.Token,
		object{"check": check, "mode": "anchor", "anchor": hex.EncodeToString(anchor[:])}), http.StatusCreated)
	raw, err := hex.DecodeString(s.Pass)
	if err != nil || len(raw) != tokens.PassSize {
		h.w.t.Fatalf("pass of %d bytes: %v", len(raw), err)
	}
	return s, func(step int) tokens.Token {
		return tokens.Assemble((*tokens.SignedPass)(raw), uint8(step), links[step])
	}
}

// openHosted opens a hosted session.
func (h *holder) openHosted(check string) session {
	h.w.t.Helper()
	return as[session](h.w.t, h.w.call("POST", h.path("/sessions"), h.Token, object{"check": check, "mode": "hosted"}), http.StatusCreated)
}

// gateVerdict checks a code now, as a gateway with this issuer's key would.
func (w *system) gateVerdict(t *tokens.Token, scope tokens.Scope) tokens.Reason {
	w.t.Helper()
	set, err := tokens.NewKeySet(tokens.Key{ID: w.keys.IssuerID, Public: w.keys.Issuer.Public(), Cutoff: tokens.Never})
	runtest.Must(w.t, err)
	c := tokens.Checker{Keys: set}
	return c.Check(t, w.clock.Now().Unix(), scope)
}
