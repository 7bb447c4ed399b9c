package credential_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/test/harness/passenger"
	"github.com/railgate/railgate/test/harness/runtest"
	"github.com/railgate/railgate/test/issuerdb"
	"github.com/railgate/railgate/tokens"
)

// approve takes test person n through an application.
func (d *harness) approve(s *credential.Service, n int) (pass, credential.Checked, error) {
	d.t.Helper()
	h, p := d.apply(s, n)
	c, err := s.Check(d.t.Context(), h, facecheck.SandboxPass, throttle.Caller{})
	return p, c, err
}

// approved is approve and must succeed.
func (d *harness) approved(s *credential.Service, n int) (pass, credential.Checked) {
	d.t.Helper()
	p, c, err := d.approve(s, n)
	runtest.Must(d.t, err)
	return p, c
}

// session opens a session and must succeed.
func (d *harness) session(s *credential.Service, p pass, check string) credential.Session {
	d.t.Helper()
	o, err := s.OpenSession(d.t.Context(), d.authorize(s, p), check, credential.Hosted, "")
	runtest.Must(d.t, err)
	return o
}

func (d *harness) status(s *credential.Service, p pass) credential.ApplicationView {
	d.t.Helper()
	return s.View(d.authorize(s, p))
}

// requireProblem checks a problem's code and its retry time, 0 for none.
func requireProblem(t *testing.T, err error, code problem.Code, retryAt int64) {
	t.Helper()
	var r *problem.Error
	if !errors.As(err, &r) || r.Code != code || r.RetryAt != retryAt {
		t.Fatalf("%v (%+v), want %s until %d", err, r, code, retryAt)
	}
}

func TestA1_PassesAreForRailwaysOnly(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		p, c := d.approved(s, 0)
		o, err := s.OpenSession(t.Context(), d.authorize(s, p), c.Check, credential.Anchor, "00000000000000000000000000000001")
		runtest.Must(t, err)
		// The audience is the format itself: a signature covers a railgate pass only, so the
		// bytes mean nothing to another verifier.
		shown := tokens.Assemble(o.Pass, 0, tokens.Link{})
		if f := shown.Fields(); f.Scopes&^tokens.AllScopes != 0 {
			t.Fatalf("scopes %v", f.Scopes)
		}
	})
}

func TestA2_EveryUseIsInScope(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	p, c := d.approved(s, 0)
	o, err := s.OpenSession(t.Context(), d.authorize(s, p), c.Check, credential.Anchor, "00000000000000000000000000000001")
	runtest.Must(t, err)
	shown := tokens.Assemble(o.Pass, 0, tokens.Link{})
	f := shown.Fields()
	for _, name := range []string{"sale", "refund", "change", "verify", "entry", "exit", "onboard"} {
		scope, ok := tokens.ParseScope([]byte(name))
		if !ok || !f.Scopes.Has(scope) {
			t.Errorf("%s is not among the uses", name)
		}
	}
}

func TestA3_LocationAndEveryFieldAreNeeded(t *testing.T) {
	s := newHarness(t).openService()
	good := credential.Form{Name: "测试甲", DocumentType: "resident_id", DocumentNumber: number(0), City: "北京", Location: &credential.Location{Latitude: 39.9, Longitude: 116.4}, Policy: testPolicy}
	for code, invalidate := range map[problem.Code]func(*credential.Form){
		credential.LocationMissing:          func(f *credential.Form) { f.Location = nil },
		credential.LocationInvalid:          func(f *credential.Form) { f.Location = &credential.Location{Latitude: 91} },
		credential.CityInvalid:              func(f *credential.Form) { f.City = " " },
		credential.Relocate:                 func(f *credential.Form) { f.Location = &credential.Location{Latitude: 31.2, Longitude: 121.5} },
		credential.NameInvalid:              func(f *credential.Form) { f.Name = "" },
		credential.DocumentNumberInvalid:    func(f *credential.Form) { f.DocumentNumber = "" },
		credential.DocumentTypeNotSupported: func(f *credential.Form) { f.DocumentType = "" },
	} {
		f := good
		invalidate(&f)
		_, err := s.Submit(t.Context(), nil, f)
		requireProblem(t, err, code, 0)
	}
}

func TestA4_OnlyTheResidentIDCardQualifiesAndMinorsMayApply(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	f := credential.Form{Name: "测试乙", DocumentType: "resident_id", City: "北京", Location: &credential.Location{Latitude: 39.9, Longitude: 116.4}, Policy: testPolicy}
	f.DocumentNumber = passenger.IDNumber("11010520200601001") // five years old
	if _, err := s.Submit(t.Context(), nil, f); err != nil {
		t.Fatalf("a minor: %v", err)
	}
	for _, other := range []string{"passport", "hk_macau_permit", "taiwan_permit", "RESIDENT_ID", "residence_permit"} {
		f.DocumentType = other
		_, err := s.Submit(t.Context(), nil, f)
		requireProblem(t, err, credential.DocumentTypeNotSupported, 0)
	}
	f.DocumentType, f.DocumentNumber = "resident_id", "110105200601001" // first generation
	_, err := s.Submit(t.Context(), nil, f)
	requireProblem(t, err, rules.FirstGenerationCard, 0)
}

func TestA6_NothingIsApprovedOrUsedUpBeforeTheCheckPasses(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		d.CheckTimeout = 10 * time.Millisecond
		s := d.openService()
		h, p := d.apply(s, 0)
		for evidence, code := range map[string]problem.Code{
			facecheck.SandboxFail: credential.CheckFailed, facecheck.SandboxTimeout: credential.CheckTimeout, "": credential.EvidenceInvalid,
		} {
			_, err := s.Check(t.Context(), h, evidence, throttle.Caller{})
			requireProblem(t, err, code, 0)
			if st := d.status(s, p); st.Status != credential.StatusSubmitted || st.Serial != nil {
				t.Fatalf("after %s: %+v", code, st)
			}
		}
		// All three approvals of the month remain.
		for range credential.ApplicationsPerMonth {
			_, c := d.approved(s, 0)
			d.now = time.Unix(c.View.ExpiresAt, 0)
		}
	})
}

func TestA7_ThreeApplicationsPerPersonAndCalendarMonth(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		d.now = time.Date(2026, 1, 28, 8, 0, 0, 0, identity.Beijing)
		s := d.openService()
		for range 3 {
			_, c := d.approved(s, 0)
			d.now = time.Unix(c.View.ExpiresAt, 0)
		}
		february := time.Date(2026, 2, 1, 0, 0, 0, 0, identity.Beijing)
		d.now = february.Add(-time.Millisecond)
		_, _, err := d.approve(s, 0)
		requireProblem(t, err, credential.QuotaExceeded, february.Unix())
		if _, _, err := d.approve(s, 1); err != nil {
			t.Fatalf("another person: %v", err)
		}
		d.now = february
		d.approved(s, 0)
	})
}

func TestA8_ACredentialLasts24Hours(t *testing.T) {
	d := newHarness(t)
	s := d.openService()
	p, c := d.approved(s, 0)
	if c.View.ExpiresAt != d.now.Unix()+86400 {
		t.Fatalf("it ends at %d, approved at %d", c.View.ExpiresAt, d.now.Unix())
	}
	d.now = d.now.Add(24*time.Hour - time.Millisecond)
	if st := d.status(s, p); st.Status != credential.StatusApproved {
		t.Fatalf("a moment before: %s", st.Status)
	}
	d.now = d.now.Add(time.Millisecond)
	if st := d.status(s, p); st.Status != credential.StatusExpired {
		t.Fatalf("at its end: %s", st.Status)
	}
}

func TestA9_RenewalFromThreeHoursBeforeTheEndSupersedes(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		p, c := d.approved(s, 0)
		from := c.View.ExpiresAt - 3*60*60
		if c.View.RenewableAt != from {
			t.Fatalf("renewable at %d, want %d", c.View.RenewableAt, from)
		}
		d.now = time.Unix(from, 0).Add(-time.Millisecond)
		early, _, err := d.approve(s, 0)
		requireProblem(t, err, credential.RenewalTooEarly, from)
		if st := d.status(s, early); st.Status != credential.StatusRefused || st.RefusedFor != credential.RenewalTooEarly {
			t.Fatalf("refused before its renewal time: %+v", st)
		}
		if st := d.status(s, p); st.Status != credential.StatusApproved {
			t.Fatalf("the old one meanwhile: %s", st.Status)
		}
		d.now = time.Unix(from, 0)
		next, renewed := d.approved(s, 0)
		if st := d.status(s, p); st.Status != credential.StatusSuperseded {
			t.Fatalf("the old one: %s", st.Status)
		}
		if st := d.status(s, next); st.Status != credential.StatusApproved || *renewed.View.Serial == *c.View.Serial {
			t.Fatalf("the new one: %+v", st)
		}
		if !d.enqueuedRevocation(*c.View.Serial) {
			t.Fatal("no record of the superseded credential")
		}
		// Unrevoking the old one would make two active.
		_, err = s.Unrevoke(t.Context(), d.member(), c.View.Serial.String(), "")
		requireProblem(t, err, credential.CredentialSuperseded, 0)
	})
}

// A credential that staff revoked does not delay a new one, and cannot be unrevoked beside
// it.
func TestA9_RevokedCredentialDoesNotDelayTheNext(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		_, c := d.approved(s, 0)
		d.revoke(s, c, "lost_phone")
		d.approved(s, 0)
		_, err := s.Unrevoke(t.Context(), d.member(), c.View.Serial.String(), "")
		requireProblem(t, err, credential.CredentialSuperseded, 0)
	})
}

func TestA11_CheckingAgainUsesUpNoQuota(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		p, c := d.approved(s, 0)
		for range 5 {
			o := d.session(s, p, c.Check)
			d.now = d.now.Add(30*time.Minute - time.Millisecond)
			if _, err := s.Code(t.Context(), d.visitor(p), o.Session); err != nil {
				t.Fatalf("in the 30th minute: %v", err)
			}
			d.now = d.now.Add(time.Millisecond)
			_, err := s.Code(t.Context(), d.visitor(p), o.Session)
			requireProblem(t, err, credential.SessionOver, 0)
			c.Check = d.checked(s, p)
		}
		for range credential.ApplicationsPerMonth - 1 {
			d.now = d.now.Add(24 * time.Hour)
			d.approved(s, 0)
		}
	})
}

func TestA13_RecordsAreErasedAfter31Days(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		p, c := d.approved(s, 0)
		d.session(s, p, c.Check)
		d.revoke(s, c, "staff")
		d.now = d.now.Add(31 * 24 * time.Hour)
		recent, _ := d.apply(s, 2)
		if n, err := s.Erase(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d erased at 31 days: %v", n, err)
		}
		d.now = d.now.Add(time.Millisecond)
		if n, err := s.Erase(t.Context()); err != nil || n != 1 {
			t.Fatalf("%d erased: %v", n, err)
		}
		if _, err := s.Authorize(t.Context(), d.visitor(p), p.application); !problem.Is(err, credential.Unauthorized) {
			t.Fatalf("it is still there: %v", err)
		}
		for _, table := range []string{"sessions", "checks", "credentials", "revocations", "persons"} {
			if n := d.count(table); n != 0 {
				t.Errorf("%d rows remain in %s", n, table)
			}
		}
		if n := d.count("applications"); n != 1 || recent.Application() == "" {
			t.Errorf("%d applications remain", n)
		}
	})
}

// Applications without a face check, which any caller can make, do not fill the disk for a
// month.
func TestUncheckedApplicationsAreErasedAfterTwoDays(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		d.approved(s, 0)
		for n := range 3 {
			d.apply(s, n+1)
		}
		h, _ := d.apply(s, 9)
		data, err := s.Export(t.Context(), h)
		if err != nil || data.ErasedAt != d.now.Add(48*time.Hour).Unix() {
			t.Errorf("erased at %d: %v", data.ErasedAt, err)
		}
		d.now = d.now.Add(48 * time.Hour)
		if n, err := s.Erase(t.Context()); err != nil || n != 0 {
			t.Fatalf("%d erased at 48 hours: %v", n, err)
		}
		d.now = d.now.Add(time.Millisecond)
		if n, err := s.Erase(t.Context()); err != nil || n != 4 || d.count("applications") != 1 {
			t.Fatalf("%d erased, %d remain: %v", n, d.count("applications"), err)
		}
	})
}

// A stolen staff credential can revoke few credentials: each has its own budget, and
// attempts with serials that do not exist count too.
func TestStaffCredentialHasARevocationBudget(t *testing.T) {
	d := newHarness(t)
	d.Changes = throttle.Rate{Burst: 5, Every: time.Minute}
	s := d.openService()
	_, c := d.approved(s, 0)
	thief, other := d.member(), d.memberNamed("window-8")
	done := 0
	for i := range 300 {
		_, err := s.Revoke(t.Context(), thief, fmt.Sprintf("%d-%d", c.View.Serial.Day, i), "staff", "")
		switch {
		case err == nil, problem.Is(err, credential.CredentialNotFound):
			done++
		case !problem.Is(err, staff.BudgetSpent):
			t.Fatal(err)
		}
	}
	if done != 5 {
		t.Errorf("%d revocations were tried, want 5", done)
	}
	serial := c.View.Serial.String()
	if _, err := s.Unrevoke(t.Context(), thief, serial, ""); !problem.Is(err, staff.BudgetSpent) {
		t.Errorf("unrevoking has the same budget: %v", err)
	}
	if _, err := s.Revoke(t.Context(), other, serial, "staff", ""); err != nil {
		t.Errorf("another credential: %v", err)
	}
	d.now = d.now.Add(time.Minute)
	if _, err := s.Unrevoke(t.Context(), thief, serial, ""); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

// The resident registry decides after the face check. If it does not answer, the application
// waits as checked and is decided without another face check.
func TestA6_TheResidentRegistryConfirmsNameAndNumber(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		registry := &fakeRegistry{match: provider.NotMatched}
		d.Residents = registry
		s := d.openService()
		p, _, err := d.approve(s, 0)
		requireProblem(t, err, credential.IdentityNotConfirmed, 0)
		if st := d.status(s, p); st.Status != credential.StatusRefused {
			t.Fatalf("%+v", st)
		}
		registry.match = provider.Cancelled
		_, _, err = d.approve(s, 0)
		requireProblem(t, err, credential.DocumentCancelled, 0)
		registry.match = provider.Lost // the service exists for a lost card
		d.approved(s, 0)

		registry.match = provider.Unknown
		p, c, err := d.approve(s, 1)
		if err != nil || c.View.Status != credential.StatusChecked || c.View.Serial != nil {
			t.Fatalf("%+v, %v", c, err)
		}
		_, err = s.OpenSession(t.Context(), d.authorize(s, p), c.Check, credential.Hosted, "")
		requireProblem(t, err, credential.NotApproved, 0)
		_, err = s.Resume(t.Context(), d.authorize(s, p))
		requireProblem(t, err, credential.LookupUnavailable, 0)
		registry.match = provider.Matched
		st, err := s.Resume(t.Context(), d.authorize(s, p))
		if err != nil || st.Status != credential.StatusApproved {
			t.Fatalf("%+v, %v", st, err)
		}
		d.session(s, p, c.Check) // with the check that was stored
		registry.match = provider.Unknown
		p, _, _ = d.approve(s, 2)
		d.now = d.now.Add(credential.CheckLife)
		registry.match = provider.Matched
		_, err = s.Resume(t.Context(), d.authorize(s, p))
		requireProblem(t, err, credential.CheckRequired, 0)
	})
}

// fakeRegistry is a resident registry with one answer.
type fakeRegistry struct{ match provider.Match }

func (c *fakeRegistry) Label() string { return "test" }
func (c *fakeRegistry) Lookup(context.Context, provider.Person) (provider.Match, error) {
	if c.match == provider.Unknown {
		return provider.Unknown, errors.New("registry is down")
	}
	return c.match, nil
}

// 1,200 concurrent applications of one person around the end of a month: the ending month has
// one approval left, the next one three. Every approval is revoked immediately, or the active
// credential would stop all others.
func TestA7_ConcurrentPhonesAtAMonthsEndGetThePermittedNumber(t *testing.T) {
	const phones = 1200
	everyHarness(t, func(t *testing.T, d *harness) {
		february := time.Date(2026, 2, 1, 0, 0, 0, 0, identity.Beijing)
		d.now = february.Add(-40 * time.Hour)
		before := d.openService()
		for range 2 {
			_, c := d.approved(before, 0)
			d.revoke(before, c, "staff")
		}
		d.now = february.Add(-time.Millisecond)
		january := d.Now
		d.Now = func() time.Time { return february }
		next := d.openService()
		d.Now = january
		sides := []*credential.Service{before, next}
		var approved [2]atomic.Int64
		var full, soon atomic.Int64
		var all sync.WaitGroup
		gate := make(chan struct{}, 64)
		for i := range phones {
			side := i % 2
			all.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				_, c, err := d.approve(sides[side], 0)
				switch {
				case err == nil:
					approved[side].Add(1)
					d.revoke(sides[side], c, "staff")
				case problem.Is(err, credential.QuotaExceeded):
					full.Add(1)
				case problem.Is(err, credential.RenewalTooEarly):
					soon.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if approved[0].Load() != 1 || approved[1].Load() != 3 {
			t.Fatalf("%d approved in January and %d in February, want 1 and 3 (%d over the quota, %d too early)",
				approved[0].Load(), approved[1].Load(), full.Load(), soon.Load())
		}
		if n := d.count("credentials"); n != 6 {
			t.Fatalf("%d credentials", n)
		}
	})
}

// The same without revocations: a thousand phones get one credential.
func TestA9_ConcurrentPhonesGetOneCredential(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		s := d.openService()
		var approved atomic.Int64
		var all sync.WaitGroup
		gate := make(chan struct{}, 64)
		for range 1000 {
			all.Go(func() {
				gate <- struct{}{}
				defer func() { <-gate }()
				_, _, err := d.approve(s, 0)
				if err == nil {
					approved.Add(1)
				} else if !problem.Is(err, credential.RenewalTooEarly) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if approved.Load() != 1 {
			t.Fatalf("%d credentials for one person", approved.Load())
		}
	})
}

// Clocks jump; the rules use the time of approval and lose nothing.
func TestClockJumpsAllowNoFourthApproval(t *testing.T) {
	everyHarness(t, func(t *testing.T, d *harness) {
		d.now = time.Date(2026, 3, 1, 0, 0, 0, 0, identity.Beijing)
		s := d.openService()
		approvals := 0
		for i := range 12 { // back and forth over the month's end, a day and an hour at a time
			d.now = time.Date(2026, 3, 1, 0, 0, 0, 0, identity.Beijing).Add(time.Duration(25*(i%6)-75) * time.Hour)
			if _, c, err := d.approve(s, 0); err == nil {
				approvals++
				d.revoke(s, c, "staff")
			} else if !problem.Is(err, credential.QuotaExceeded) && !problem.Is(err, credential.RenewalTooEarly) {
				t.Fatal(err)
			}
		}
		if approvals != 6 { // three in each of the two months
			t.Fatalf("%d approvals in two months", approvals)
		}
	})
}

func (d *harness) revoke(s *credential.Service, c credential.Checked, reason string) {
	d.t.Helper()
	if _, err := s.Revoke(d.t.Context(), d.member(), c.View.Serial.String(), reason, ""); err != nil {
		d.t.Error(err)
	}
}

// enqueuedRevocation reports whether the outbox has a revocation of a serial.
func (d *harness) enqueuedRevocation(serial tokens.Serial) bool {
	d.t.Helper()
	for partition := range d.Outbox.Partitions() {
		for _, r := range issuerdb.TakeRecords(d.t, d.Outbox, partition, 1000).Records {
			if r.Kind == revocation.KindRevoke && r.Serial == serial {
				return true
			}
		}
	}
	return false
}

func (d *harness) count(table string) (n int) {
	d.t.Helper()
	runtest.Must(d.t, d.Outbox.Database().Writer().QueryRow(fmt.Sprintf("SELECT COUNT(*) FROM %s", table)).Scan(&n))
	return n
}
