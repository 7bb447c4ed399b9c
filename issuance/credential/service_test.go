package credential_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/keystore"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/databasetest"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// harness is the configuration of an issuer; tests change it and open it again.
type harness struct {
	credential.Config
	key keyring.Key // signs immediately, unless there are Keys
	t   *testing.T

	announce []keyring.Public // also announced
	now      time.Time
	wake     atomic.Int64
}

func newHarness(t *testing.T) *harness { return harnessAt(t, filepath.Join(t.TempDir(), "issuer.db")) }

// everyHarness runs a test on every kind of database.
func everyHarness(t *testing.T, test func(t *testing.T, d *harness)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, address string) { test(t, harnessAt(t, address)) })
}

func TestMain(m *testing.M) { databasetest.Main(m, "issuance") }

func harnessAt(t *testing.T, address string) *harness {
	t.Helper()
	d := &harness{t: t, now: time.Unix(tokentest.Epoch, 0)}
	box, err := outbox.Open(t.Context(), outbox.Config{Database: address, Partitions: 2,
		Sources: []outbox.Source{keyring.ActiveRecords, credential.ActiveRecords}, Now: func() time.Time { return d.now }})
	runtest.Must(t, err)
	t.Cleanup(func() { box.Close() })
	box.SetWake(func(int) { d.wake.Add(1) })
	keys := keystore.New()
	d.key = keyring.Key{ID: keys.IssuerID, Signer: keys.Issuer}
	d.Config = credential.Config{
		Outbox: box, Vault: keys.Vault, Checker: facecheck.Sandbox{}, Residents: provider.SandboxResidentRegistry{}, Policy: testPolicy,
		Now: func() time.Time { return d.now },
	}
	return d
}

func (d *harness) openService() *credential.Service {
	d.t.Helper()
	s, err := d.tryOpen()
	runtest.Must(d.t, err)
	return s
}

func (d *harness) tryOpen() (*credential.Service, error) {
	d.t.Helper()
	c := d.Config
	if c.Keys == nil {
		var err error
		if c.Keys, err = keyring.New(keyring.RingConfig{Store: d.keys(), Keys: []keyring.Key{d.key}, Announce: d.announce, Now: d.Now, FirstSigns: true}); err != nil {
			d.t.Fatal(err)
		}
	}
	return credential.Open(d.t.Context(), c)
}

// pass is the access to an application.
type pass struct{ application, token string }

// testPolicy is the version of the active privacy policy.
const testPolicy = "2026-01"

// number is the resident ID number of the n-th test person, which no person has.
func number(n int) string {
	return passenger.IDNumber(fmt.Sprintf("11010519491231%03d", n+2))
}

// apply applies for the n-th test person.
func (d *harness) apply(s *credential.Service, n int) (credential.Holder, pass) {
	d.t.Helper()
	a, err := s.Submit(d.t.Context(), nil, credential.Form{
		Name: "测试甲", DocumentType: "resident_id", DocumentNumber: number(n), City: "北京",
		Location: &credential.Location{Latitude: 39.9, Longitude: 116.4}, Policy: testPolicy,
	})
	runtest.Must(d.t, err)
	p := pass{a.Application, a.AccessToken}
	return d.authorize(s, p), p
}

func (d *harness) authorize(s *credential.Service, p pass) credential.Holder {
	d.t.Helper()
	h, err := s.Authorize(d.t.Context(), d.visitor(p), p.application)
	runtest.Must(d.t, err)
	return h
}

func (d *harness) visitor(p pass) credential.Visitor {
	d.t.Helper()
	v, err := credential.ByAccess(p.token)
	runtest.Must(d.t, err)
	return v
}

// member is at a window and at the police desk.
func (d *harness) member() staff.Member { return d.memberNamed("window-7") }

func (d *harness) memberNamed(name string) staff.Member {
	d.t.Helper()
	return d.memberWith(name, staff.Window, staff.Police)
}

func (d *harness) memberWith(name string, roles ...staff.Role) staff.Member {
	d.t.Helper()
	secret, c, err := staff.New(name, roles...)
	runtest.Must(d.t, err)
	list, err := staff.NewList(staff.Config{Credentials: []staff.Credential{c}})
	runtest.Must(d.t, err)
	m, err := list.Authenticate(secret)
	runtest.Must(d.t, err)
	return m
}

// An issuer that restarts does not announce its keys again, and a key id is never bound to
// another key.
func TestKeysAreAnnouncedOnce(t *testing.T) {
	d := newHarness(t)
	load := tokentest.NewIssuer(40001)
	d.announce = []keyring.Public{{ID: load.ID, Key: load.Signer.Public()}}
	for range 3 {
		d.openService()
	}
	if d.wake.Load() != 2 {
		t.Fatalf("the publisher was woken %d times for two keys", d.wake.Load())
	}
	p, err := d.Outbox.TakeRecords(t.Context(), uint64(d.now.UnixMilli()), 0, 0, 10)
	if err != nil || len(p.Records) != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	for i, want := range []tokens.KeyID{d.key.ID, load.ID} {
		if r := p.Records[i]; r.Kind != revocation.KindAnnounceKey || r.Key != want || r.At != d.now.UnixMilli() {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	d.announce[0].Key = tokentest.NewIssuer(9).Signer.Public()
	if _, err := d.tryOpen(); !errors.Is(err, keyring.ErrBound) {
		t.Fatalf("another key under a bound id: %v", err)
	}
	d.announce[0] = keyring.Public{ID: 40002, Key: [tokens.PublicKeySize]byte{1}}
	if _, err := d.tryOpen(); !errors.Is(err, keyring.ErrWeak) {
		t.Fatalf("a key that gateways refuse: %v", err)
	}
}

// The issuer is ready when gateways can know its key.
func TestIssuerIsReadyWhenItsKeyIsInTheStream(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	if waiting := s.Ready(t.Context()); len(waiting) != 1 || !strings.Contains(waiting[0], "announcement") {
		t.Fatalf("before: %q", waiting)
	}
	p, err := d.Outbox.TakeRecords(t.Context(), uint64(d.now.UnixMilli()), 0, 0, 10)
	runtest.Must(t, err)
	runtest.Must(t, d.Outbox.MarkPublished(t.Context(), uint64(d.now.UnixMilli()), 0, p.First))
	if waiting := s.Ready(t.Context()); len(waiting) != 0 {
		t.Fatalf("after: %q", waiting)
	}
	d.Outbox.Close()
	if waiting := s.Ready(t.Context()); len(waiting) != 1 || !strings.Contains(waiting[0], "database") {
		t.Fatalf("without a database: %q", waiting)
	}
}

// An approval lasts exactly 24 h from a whole second, belongs to its railway day, and has the
// day's pseudonym. Midnight in Beijing is the difficult moment.
func TestApprovalAroundMidnightHasItsDay(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	midnight := time.Date(2026, 2, 11, 0, 0, 0, 0, identity.Beijing)
	for n, at := range []time.Time{midnight.Add(-time.Millisecond), midnight} {
		d.now = at
		token, c := d.approved(s, n)
		day := uint16(tokens.DayOf(at.Unix()))
		if c.View.Serial.Day != day || c.View.Serial.Index != 0 || c.View.ExpiresAt != at.Unix()+24*60*60 {
			t.Fatalf("at %v: %+v %v", at, c.View, c.View.Serial)
		}
		var seed tokens.Link
		anchor, links := tokens.Chain(seed, *c.View.Serial, tokens.Length)
		o, err := s.OpenSession(t.Context(), d.authorize(s, token), c.Check, credential.Anchor, hex.EncodeToString(anchor[:]))
		runtest.Must(t, err)
		shown := tokens.Assemble(o.Pass, 0, links[0])
		f := shown.Fields()
		want := vault.New(d.Vault).Subject(day, identity.ResidentID, number(n))
		if f.Subject != want || f.Scopes != tokens.AllScopes || f.Expiry != c.View.ExpiresAt || f.Start != at.Unix() {
			t.Fatalf("at %v the pass has %+v, subject want %s", at, f, want)
		}
		h := d.authorize(s, token)
		end := time.Unix(c.View.ExpiresAt, 0)
		if d.now = end.Add(-time.Millisecond); s.View(h).Status != credential.StatusApproved {
			t.Fatalf("a millisecond before its end it is %s", s.View(h).Status)
		}
		if d.now = end; s.View(h).Status != credential.StatusExpired {
			t.Fatalf("at its end it is %s", s.View(h).Status)
		}
	}
}

// A clock that was set back between approval and session does not stop the passenger.
func TestClockSetBackDoesNotStopAPassenger(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	token, c := d.approved(s, 0)
	approved := d.now.Unix()
	d.now = d.now.Add(-3 * time.Second)
	o := d.session(s, token, c.Check)
	if o.StartAt != approved {
		t.Fatalf("start %d, approved %d", o.StartAt, approved)
	}
	code, err := s.Code(t.Context(), d.visitor(token), o.Session)
	if err != nil || code.Step != 0 {
		t.Fatalf("step %d: %v", code.Step, err)
	}
}

// failingSigner is a signer that always fails.
type failingSigner struct{ public [tokens.PublicKeySize]byte }

func (f failingSigner) Public() [tokens.PublicKeySize]byte { return f.public }
func (failingSigner) Sign([]byte) ([tokens.SigSize]byte, error) {
	return [tokens.SigSize]byte{}, errors.New("no power")
}

// A signer that fails does not use up the check.
func TestFailingSignerDoesNotUseUpTheCheck(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	token, c := d.approved(s, 0)
	d.key.Signer = failingSigner{d.key.Signer.Public()}
	broken := d.openService()
	if _, err := broken.OpenSession(t.Context(), d.authorize(broken, token), c.Check, credential.Hosted, ""); err == nil {
		t.Fatal("a session without a signature")
	}
	d.session(s, token, c.Check) // the check is not used up
}

// Under another vault master key nothing can be decrypted, and no passenger is approved.
func TestAnotherVaultMasterApprovesNoPassenger(t *testing.T) {
	d := newHarness(t)
	_, token := d.apply(d.openService(), 0)
	d.Vault = vault.NewMaster()
	other := d.openService()
	_, err := other.Check(t.Context(), d.authorize(other, token), facecheck.SandboxPass, throttle.Caller{})
	if !errors.Is(err, vault.ErrKey) {
		t.Fatalf("checked: %v", err)
	}
}

func TestConfigErrorNamesAllMissingParts(t *testing.T) {
	_, err := credential.Open(context.Background(), credential.Config{CheckTimeout: time.Hour, MaxChecks: -1})
	if err == nil {
		t.Fatal("opened with nothing")
	}
	for _, want := range []string{"outbox", "keys", "vault", "checker", "registry", "timeout", "max checks"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in %q", want, err)
		}
	}
}

// The counters follow the events.
func TestMetrics(t *testing.T) {
	d := newHarness(t)
	reg := prometheus.NewRegistry()
	d.Metrics = reg
	s := d.openService()
	h, token := d.apply(s, 0)
	s.Check(t.Context(), h, facecheck.SandboxFail, throttle.Caller{})
	c, err := s.Check(t.Context(), h, facecheck.SandboxPass, throttle.Caller{})
	runtest.Must(t, err)
	d.session(s, token, c.Check)
	for range 2 {
		d.revoke(s, c, "fraud")
	}
	families, err := reg.Gather()
	runtest.Must(t, err)
	got := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{
		"railgate_issuer_applications_total":        1,
		"railgate_issuer_approvals_total":           1,
		"railgate_issuer_face_checks_total passed":  1,
		"railgate_issuer_face_checks_total failed":  1,
		"railgate_issuer_face_checks_total timeout": 0,
		"railgate_issuer_sessions_total hosted":     1,
		"railgate_issuer_sessions_total anchor":     0,
		"railgate_issuer_revocations_total revoke":  1, // a repetition is not counted
		"railgate_issuer_outbox_waiting":            2, // the key and the revocation
	} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %v (there: %v), want %v", name, value, ok, want)
		}
	}
}

// An issuer whose key is distrusted starts and revokes. It opens no session that gates would
// refuse, and does not use up the check.
func TestDistrustedIssuerKeyOpensNoSession(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	token, c := d.approved(s, 0)
	_, _, err := d.keys().Distrust(t.Context(), keyring.Distrust{Key: d.key.ID, Cutoff: d.now.Unix() + 1, Who: "operator", At: database.MillisAt(d.now)})
	runtest.Must(t, err)
	before := d.now
	d.now = before.Add(time.Second)
	s = d.openService()
	if _, err := s.OpenSession(t.Context(), d.authorize(s, token), c.Check, credential.Hosted, ""); !problem.Is(err, credential.IssuingSuspended) {
		t.Fatalf("at the cutoff: %v", err)
	}
	d.revoke(s, c, "fraud")
	_, err = s.Unrevoke(t.Context(), d.member(), c.View.Serial.String(), "")
	runtest.Must(t, err)
	d.now = before
	d.session(s, token, c.Check) // a second before the cutoff
}
