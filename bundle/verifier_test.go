package bundle_test

import (
	"errors"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// clock is a reading of a device that is right: its steady clock started an hour before bundletest.At.
func clock(now int64) bundle.Clock {
	return bundle.Clock{WallMS: now, SteadyMS: now - at + 3_600_000, Boot: 1}
}

// verifier returns a verifier that has just accepted a bundle of the sample with a change.
func verifier(t testing.TB, change func(*bundle.Content)) *bundle.Verifier {
	t.Helper()
	c := bundletest.Sample(gate7)
	if change != nil {
		change(c)
	}
	v := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
	if err := v.Accept(bundletest.Sign(bundletest.Head(at), c, gate7), clock(at)); err != nil {
		t.Fatal(err)
	}
	return v
}

func scan(index uint32, scope tokens.Scope, now int64) *bundle.Scan {
	s := &bundle.Scan{Text: bundletest.Code(bundletest.Session(index), now), Scope: scope, Clock: clock(now)}
	if scope == tokens.Onboard {
		s.Train = bundletest.Train
	}
	return s
}

func TestHandheldInATunnel(t *testing.T) {
	v := verifier(t, nil)
	now := at + 5000
	for name, c := range map[string]struct {
		index uint32
		scope tokens.Scope
		want  tokens.Reason
	}{
		"revoked":           {1, tokens.Onboard, tokens.ReasonRevoked},
		"cutoff":            {2, tokens.Onboard, tokens.ReasonRevoked},
		"closed":            {3, tokens.Onboard, tokens.ReasonSessionClosed},
		"with a ticket":     {4, tokens.Onboard, tokens.ReasonOK},
		"without a ticket":  {7, tokens.Onboard, tokens.ReasonNoTicket},
		"passed before":     {4, tokens.Entry, tokens.ReasonUsed},
		"passed, forgiven":  {5, tokens.Entry, tokens.ReasonOK},
		"first entry":       {6, tokens.Entry, tokens.ReasonOK},
		"unknown at entry":  {8, tokens.Entry, tokens.ReasonOK}, // flagged: other trains leave the station too
		"unknown at verify": {8, tokens.Verify, tokens.ReasonOK},
		"unknown at window": {8, tokens.Sale, tokens.ReasonOK},
		"exit in amnesty":   {4, tokens.Exit, tokens.ReasonOK},
	} {
		d := v.Check(scan(c.index, c.scope, now))
		if d.Reason != c.want || d.State != bundle.Fresh || d.AtMS != now {
			t.Errorf("%s: %s, %s at %d, want %s", name, d.Reason, d.State, d.AtMS, c.want)
		}
		if (name == "unknown at entry" || name == "unknown at verify") && (!d.Flagged || d.Ticket.Held != booking.Unknown) {
			t.Errorf("%s: flagged %v, ticket %s", name, d.Flagged, d.Ticket.Held)
		}
		if name == "with a ticket" && (d.Flagged || d.Ticket.Seat != "4F" || d.Ticket.Train != bundletest.Train) {
			t.Errorf("%s: flagged %v, ticket %+v", name, d.Flagged, d.Ticket)
		}
	}
	malformed := scan(6, tokens.Onboard, now)
	malformed.Text = malformed.Text[1:]
	if d := v.Check(malformed); d.Reason != tokens.ReasonMalformed {
		t.Errorf("malformed: %s", d.Reason)
	}
}

// A code that this device admitted is refused the second time, and is uploaded once under one key.
func TestOwnScansRefuseTheSecondUse(t *testing.T) {
	v := verifier(t, nil)
	now := at + 5000
	if d := v.Check(scan(6, tokens.Entry, now)); d.Reason != tokens.ReasonOK || !d.Counted || d.Reach != passage.Local {
		t.Fatalf("first: %+v", d)
	}
	if d := v.Check(scan(6, tokens.Entry, now+3000)); d.Reason != tokens.ReasonOK || d.Passback != passage.Repeated {
		t.Errorf("a repetition: %+v", d)
	}
	if d := v.Check(scan(6, tokens.Entry, now+20_000)); d.Reason != tokens.ReasonUsed || d.UsedMS != 20_000 {
		t.Errorf("a second use: %+v", d)
	}
	pending := v.Pending(10)
	if len(pending) != 1 || pending[0].AtMS != now || pending[0].Key != bundle.UploadKey(bundletest.Device, []byte(pending[0].Code), now) {
		t.Fatalf("to upload: %+v", pending)
	}
	v.Uploaded(pending[0].Key)
	if left := v.Pending(10); len(left) != 0 {
		t.Errorf("still to upload: %+v", left)
	}
	// The passage comes back in the next bundle, and a repetition is still one.
	c := bundletest.Sample(gate7)
	serial := bundletest.Session(6).Fields.Serial
	c.Passages.List = append(c.Passages.List, bundle.Passage{Serial: serial, Way: passage.In, Step: 1, AtMS: now})
	if err := v.Accept(bundletest.Sign(bundletest.Head(now+1000), c, gate7), clock(now+1000)); err != nil {
		t.Fatal(err)
	}
	if d := v.Check(scan(6, tokens.Entry, now+4000)); d.Passback != passage.Repeated {
		t.Errorf("a repetition after the upload: %+v", d)
	}
	if d := v.Check(scan(6, tokens.Entry, now+30_000)); d.Reason != tokens.ReasonUsed {
		t.Errorf("a second use after the upload: %+v", d)
	}
}

// The states, with each action of a policy.
func TestStates(t *testing.T) {
	fresh := bundletest.Head(at).WatermarkMS
	for _, c := range []struct {
		age  int64 // of the watermark, ms
		want bundle.State
	}{{0, bundle.Fresh}, {599_999, bundle.Fresh}, {600_000, bundle.Stale}, {6*3_600_000 - 1, bundle.Stale}, {6 * 3_600_000, bundle.Expired}} {
		for _, action := range []bundle.Action{bundle.Deny, bundle.Flag, bundle.Serve} {
			v := verifier(t, func(c *bundle.Content) { c.Policy.Stale, c.Policy.Expired = action, action })
			s := scan(4, tokens.Sale, at)
			now := fresh + c.age
			s.Text = bundletest.Code(bundletest.Issuer().Open(4, now/1000-60), now)
			s.Clock = clock(now)
			d := v.Check(s)
			admits := c.want == bundle.Fresh || action != bundle.Deny
			if d.State != c.want || (d.Reason == tokens.ReasonOK) != admits || d.AgeMS != c.age {
				t.Errorf("age %d, %s: %s, %s, age %d", c.age, action, d.State, d.Reason, d.AgeMS)
			}
			if !admits && d.Reason != tokens.ReasonStaleData {
				t.Errorf("age %d, %s: %s", c.age, action, d.Reason)
			}
			if flagged := admits && c.want != bundle.Fresh && action == bundle.Flag; d.Flagged != flagged {
				t.Errorf("age %d, %s: flagged %v", c.age, action, d.Flagged)
			}
		}
	}
	empty := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
	if d := empty.Check(scan(4, tokens.Sale, at)); d.Reason != tokens.ReasonNoData || d.State != bundle.NoBundle {
		t.Errorf("without a bundle: %+v", d)
	}
}

// A flag of the policy is for admitted scans: a repetition has it as at a gate, a refusal has none.
func TestFlagIsForAdmittedScans(t *testing.T) {
	v := verifier(t, func(c *bundle.Content) {
		c.Policy.PassbackLocal, c.Policy.Ticket, c.Policy.TicketUnknown = bundle.Flag, bundle.Off, bundle.Serve
		c.Policy.Stale = bundle.Flag
	})
	stale := at + int64(bundletest.Policy().StaleAfter)*1000
	for _, c := range []struct {
		index   uint32
		now     int64
		want    tokens.Reason
		used    passage.Outcome
		flagged bool
	}{{6, at + 5000, tokens.ReasonOK, passage.Admitted, true}, {6, at + 6000, tokens.ReasonOK, passage.Repeated, true},
		{4, at + 7000, tokens.ReasonUsed, passage.Used, false}, {1, stale, tokens.ReasonRevoked, 0, false}} {
		d := v.Check(scan(c.index, tokens.Entry, c.now))
		if d.Reason != c.want || d.Passback != c.used || d.Flagged != c.flagged {
			t.Errorf("%d: %s, %d, flagged %v; want %s, %d, %v", c.index, d.Reason, d.Passback, d.Flagged, c.want, c.used, c.flagged)
		}
	}
}

// A clock that was set is noticed: the time comes from the bundle and the steady clock, or the device denies.
func TestDoubtedClock(t *testing.T) {
	now := at + 5000
	for name, c := range map[string]struct {
		clock bundle.Clock
		state bundle.State
		want  tokens.Reason
		at    int64
	}{
		"right":                      {clock(now), bundle.Fresh, tokens.ReasonOK, now},
		"nine seconds off":           {bundle.Clock{WallMS: now + 9000, SteadyMS: clock(now).SteadyMS, Boot: 1}, bundle.Fresh, tokens.ReasonOK, now},
		"set back":                   {bundle.Clock{WallMS: now - 3_600_000, SteadyMS: clock(now).SteadyMS, Boot: 1}, bundle.ClockDoubted, tokens.ReasonOK, now},
		"set ahead":                  {bundle.Clock{WallMS: now + 86_400_000, SteadyMS: clock(now).SteadyMS, Boot: 1}, bundle.ClockDoubted, tokens.ReasonOK, now},
		"restarted":                  {bundle.Clock{WallMS: now, SteadyMS: 77, Boot: 2}, bundle.Fresh, tokens.ReasonOK, now},
		"restarted and set back":     {bundle.Clock{WallMS: at - 3_600_000, SteadyMS: 77, Boot: 2}, bundle.ClockDoubted, tokens.ReasonScanTime, at - 3_600_000},
		"the steady clock went back": {bundle.Clock{WallMS: at - 3_600_000, SteadyMS: 77, Boot: 1}, bundle.ClockDoubted, tokens.ReasonScanTime, at - 3_600_000},
	} {
		for _, action := range []bundle.Action{bundle.Flag, bundle.Deny} {
			v := verifier(t, func(c *bundle.Content) { c.Policy.Doubted = action })
			s := scan(4, tokens.Onboard, now)
			s.Clock = c.clock
			want := c.want
			if c.state == bundle.ClockDoubted && action == bundle.Deny {
				want = tokens.ReasonScanTime
			}
			if d := v.Check(s); d.State != c.state || d.Reason != want || d.AtMS != c.at {
				t.Errorf("%s, %s: %s, %s at %d, want %s, %s at %d", name, action, d.State, d.Reason, d.AtMS, c.state, want, c.at)
			}
		}
	}
	// A time that has passed for certain stays passed: after a restart the clock cannot be set before it.
	v := verifier(t, nil)
	v.Check(scan(4, tokens.Onboard, at+1_000_000))
	s := scan(4, tokens.Onboard, at+900_000)
	s.Clock = bundle.Clock{WallMS: at + 900_000, SteadyMS: 77, Boot: 2}
	if d := v.Check(s); d.Reason != tokens.ReasonScanTime {
		t.Errorf("set back behind an earlier scan: %s", d.Reason)
	}
}

// A bundle from a file serves at the first start without a network, by the wall clock.
func TestFirstStartWithoutNetwork(t *testing.T) {
	v := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
	if err := v.Load(sample()); err != nil {
		t.Fatal(err)
	}
	if d := v.Check(scan(4, tokens.Onboard, at+5000)); d.Reason != tokens.ReasonOK || d.State != bundle.Fresh {
		t.Errorf("%s, %s", d.Reason, d.State)
	}
}

func TestOlderBundleIsRefused(t *testing.T) {
	bundleAt := func(made, since int64, epoch uint64) []byte {
		h := bundletest.Head(made)
		h.SinceMS, h.Epoch = since, epoch
		return bundletest.Sign(h, bundletest.Sample(gate7), gate7)
	}
	watermark := bundletest.Head(at).WatermarkMS
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"the same":             {bundleAt(at, 0, 1), nil},
		"newer":                {bundleAt(at+1000, 0, 1), nil},
		"newer epoch":          {bundleAt(at+1000, 0, 2), nil},
		"older":                {bundleAt(at-1, 0, 1), bundle.ErrRolledBack},
		"older epoch":          {bundleAt(at+1000, 0, 0), bundle.ErrRolledBack},
		"a delta":              {bundleAt(at+1000, watermark, 1), nil},
		"a delta of longer":    {bundleAt(at+1000, watermark-5000, 1), nil},
		"a delta of too short": {bundleAt(at+1000, watermark+1, 1), bundle.ErrNoBase},
		"an older delta":       {bundleAt(at-1, watermark-5000, 1), bundle.ErrRolledBack},
		"far ahead":            {bundleAt(at+100_000, 0, 1), bundle.ErrAhead},
	} {
		v := verifier(t, nil)
		if err := v.Accept(c.raw, clock(at+1000)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	empty := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
	if err := empty.Accept(bundleAt(at, watermark-5000, 1), clock(at)); !errors.Is(err, bundle.ErrNoBase) {
		t.Errorf("a delta without a full bundle: %v", err)
	}
	other := bundle.NewVerifier(revocationtest.Pinned(), "handheld-4")
	if err := other.Accept(sample(), clock(at)); !errors.Is(err, bundle.ErrDevice) {
		t.Errorf("another device: %v", err)
	}
}

// A device that follows deltas has the same answers as one that fetches full bundles.
func TestDeltaChangesTheStore(t *testing.T) {
	v := verifier(t, nil)
	h := bundletest.Head(at + 60_000)
	h.SinceMS = bundletest.Head(at).WatermarkMS
	c := &bundle.Content{Proofs: bundletest.Keys(gate7), Policy: bundletest.Policy(), Revoked: revocation.NewSet(), Unrevoked: revocation.NewSet()}
	serial := func(index uint32) tokens.Serial { return bundletest.Session(index).Fields.Serial }
	c.Revoked.Add(serial(6))
	c.Unrevoked.Add(serial(1))
	c.Closed = []bundle.Session{{Serial: serial(4), Start: bundletest.Session(4).Fields.Start}}
	c.Passages = &bundle.Passages{SinceMS: at - 10_000, Reach: passage.Exact, List: []bundle.Passage{{Serial: serial(8), Way: passage.In, Step: 1, AtMS: at + 30_000}}}
	if err := v.Accept(bundletest.Sign(h, c, gate7), clock(at+60_000)); err != nil {
		t.Fatal(err)
	}
	now := at + 61_000
	for index, want := range map[uint32]tokens.Reason{
		1: tokens.ReasonOK, 2: tokens.ReasonRevoked, 3: tokens.ReasonSessionClosed, 4: tokens.ReasonSessionClosed, 5: tokens.ReasonOK, 6: tokens.ReasonRevoked,
		7: tokens.ReasonOK, 8: tokens.ReasonUsed,
	} {
		if d := v.Check(scan(index, tokens.Entry, now)); d.Reason != want {
			t.Errorf("%d: %s, want %s", index, d.Reason, want)
		}
	}
}
