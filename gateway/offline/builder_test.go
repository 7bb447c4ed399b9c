package offline_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/gateway/offline"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

const at = bundletest.At

var gate7 = bundletest.NewGate(7)

// system is a gateway's data and a builder of its bundles.
type system struct {
	*revocationtest.Feed
	*offline.Builder
	passages *passage.Table
	booked   *revocation.Replica
}

func newSystem(t testing.TB, announced bool) *system {
	t.Helper()
	f := revocationtest.NewFeed(at)
	f.Replica.KeepChanges(1000)
	key := bundletest.Issuer().Key()
	f.Apply(at, revocation.Record{Kind: revocation.KindAnnounceKey, At: at, Key: key.ID, Public: key.Public})
	if announced {
		f.Apply(at, bundletest.NewGate(8).Announced())
		f.Apply(at, gate7.Announced())
	}
	f.Apply(at + 1) // the log of changes reaches back to here
	table, err := passage.NewTable(1000, passage.CodeLife*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	table.Turn(at)
	bookings := booking.NewTable(booking.Config{})
	authority := revocationtest.Pinned().In(revocation.Bookings)
	bookingReplica, err := revocation.NewReplica(authority, 1, revocation.Limits{}, at-1)
	if err != nil {
		t.Fatal(err)
	}
	bookingReplica.Bookings = bookings
	bookingReplica.SetTargetOffset(0, 0)
	var records []revocation.Record
	for i := range uint32(6) {
		records = append(records, revocation.Record{Kind: revocation.KindBooking, At: at, Body: bundletest.Booking(bundletest.Session(i+1), bundletest.Train)})
	}
	bookingReplica.Apply(0, revocationtest.Seal(revocation.Batch{Domain: revocation.Bookings, Epoch: 1, First: 1, IssuedAt: at, Through: at}, records...), at)
	bookingReplica.SetPosition(0, 1)
	b, err := offline.New(offline.Config{Replica: f.Replica, Signer: gate7, Station: bundletest.Station,
		Passages: table, Reach: func(int64) passage.Reach { return passage.Exact }, Window: passage.CodeLife * time.Millisecond,
		Bookings: bookings, BookingReplica: bookingReplica, Every: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return &system{f, b, table, bookingReplica}
}

func (s *system) bundle(t testing.TB, since, now int64) *bundle.Document {
	t.Helper()
	d, err := s.Bundle(&offline.Request{Policy: bundletest.Policy(), Train: bundletest.Train, SinceMS: since, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func clock(now int64) bundle.Clock { return bundle.Clock{WallMS: now, SteadyMS: now - at, Boot: 1} }

// check returns the verdict of a verifier that holds the bundles.
func reason(t testing.TB, v *bundle.Verifier, index uint32, scope tokens.Scope, now int64) tokens.Reason {
	t.Helper()
	s := &bundle.Scan{Text: bundletest.Code(bundletest.Session(index), now), Scope: scope, Train: bundletest.Train, Clock: clock(now)}
	return v.Check(s).Reason
}

func TestBundleHasWhatTheGatewayKnows(t *testing.T) {
	s := newSystem(t, true)
	serial := func(index uint32) tokens.Serial { return bundletest.Session(index).Fields.Serial }
	mistake := revocation.Record{Kind: revocation.KindAmnesty, At: at + 100, Scopes: tokens.Scopes(tokens.Entry), From: at / 1000, Until: at/1000 + 60}
	ended := mistake
	ended.Kind, ended.Cutoff = revocation.KindEndAmnesty, at/1000
	s.Apply(at+100, mistake, ended, revocation.Record{Kind: revocation.KindRevoke, At: at + 100, Serial: serial(1)},
		revocation.Record{Kind: revocation.KindRevokeSubject, At: at + 100, Subject: bundletest.Session(2).Fields.Subject, Cutoff: at / 1000},
		revocation.Record{Kind: revocation.KindRevokeSession, At: at + 100, Serial: serial(3), Start: bundletest.Session(3).Fields.Start},
		revocation.Record{Kind: revocation.KindForgive, At: at + 100, Serial: serial(5)},
		revocation.Record{Kind: revocation.KindAmnesty, At: at + 100, Scopes: tokens.Scopes(tokens.Exit), From: at / 1000, Until: at/1000 + 60})
	for _, index := range []uint32{4, 5} {
		s.passages.Merge(&passage.Passage{Serial: serial(index), At: at - 10_000, Station: bundletest.Station, Device: "gate-1"})
	}
	s.passages.Merge(&passage.Passage{Serial: serial(6), At: at - 10_000, Station: "elsewhere", Device: "gate-1"})
	v := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
	now := at + 200
	if err := v.Accept(s.bundle(t, 0, now).Bytes(), clock(now)); err != nil {
		t.Fatal(err)
	}
	for index, want := range map[uint32]tokens.Reason{1: tokens.ReasonRevoked, 2: tokens.ReasonRevoked, 3: tokens.ReasonSessionClosed, 4: tokens.ReasonUsed, 5: tokens.ReasonOK, 6: tokens.ReasonOK} {
		if got := reason(t, v, index, tokens.Entry, now+1000); got != want {
			t.Errorf("entry of %d: %s, want %s", index, got, want)
		}
	}
	for index, want := range map[uint32]tokens.Reason{4: tokens.ReasonOK, 7: tokens.ReasonNoTicket} {
		if got := reason(t, v, index, tokens.Onboard, now+1000); got != want {
			t.Errorf("onboard %d: %s, want %s", index, got, want)
		}
	}
	if got := reason(t, v, 4, tokens.Exit, now+1000); got != tokens.ReasonOK {
		t.Errorf("exit in an amnesty: %s", got)
	}
	h, _ := v.Head()
	if h.Gateway != 7 || h.WatermarkMS != at+100 || h.MadeMS != now || !h.Full() {
		t.Errorf("head %+v", h)
	}
	if _, other := v.Gateway(8); other {
		t.Error("the bundle announces another gateway")
	}
}

// While bookings are missing in the stream, a device does not conclude that a passenger has no ticket.
func TestSuspectBookingsDenyNobody(t *testing.T) {
	s := newSystem(t, true)
	s.booked.Rewind(0, 100, "the log was recreated")
	v := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
	if err := v.Accept(s.bundle(t, 0, at+200).Bytes(), clock(at+200)); err != nil {
		t.Fatal(err)
	}
	for index, want := range map[uint32]tokens.Reason{4: tokens.ReasonOK, 7: tokens.ReasonOK} { // 7: flagged
		if got := reason(t, v, index, tokens.Onboard, at+1200); got != want {
			t.Errorf("onboard %d: %s, want %s", index, got, want)
		}
	}
}

func TestNoBundleWithoutDataOrKey(t *testing.T) {
	s := newSystem(t, false)
	request := &offline.Request{Policy: bundletest.Policy(), Now: at + 200}
	if _, err := s.Bundle(request); !errors.Is(err, offline.ErrNotAnnounced) {
		t.Errorf("without a key: %v", err)
	}
	s = newSystem(t, true)
	request.SinceMS = at + 500
	if _, err := s.Bundle(request); !errors.Is(err, offline.ErrBehind) {
		t.Errorf("behind the device: %v", err)
	}
	request.SinceMS, request.Now = 0, at+16*60*1000
	if _, err := s.Bundle(request); !errors.Is(err, offline.ErrNotReady) {
		t.Errorf("with expired data: %v", err)
	}
}

// Within Config.Every devices get the same common content, and equal requests equal bytes except for the time.
func TestCommonContentIsMadeOnce(t *testing.T) {
	s := newSystem(t, true)
	first := s.bundle(t, 0, at+200)
	s.Revoke(at+210, tokens.Serial{Day: uint16(tokens.DayOf(at / 1000)), Index: 77})
	if again := s.bundle(t, 0, at+299); again.Tag() != first.Tag() {
		t.Error("another content within Every")
	}
	if later := s.bundle(t, 0, at+300); later.Tag() == first.Tag() {
		t.Error("the same content after Every")
	}
}

// A device that follows deltas, from any of two gateways, ends with the answers of one that fetched a full bundle.
func TestDeltasLeadToTheFullBundle(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 30 {
		s := newSystem(t, true)
		v := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
		now := at + 200
		if err := v.Accept(s.bundle(t, 0, now).Bytes(), clock(now)); err != nil {
			t.Fatal(err)
		}
		for range 12 {
			for range r.IntN(6) {
				now += r.Int64N(100)
				index := uint32(1 + r.IntN(8))
				p := bundletest.Session(index)
				s.Apply(now, []revocation.Record{
					{Kind: revocation.KindRevoke, At: now, Serial: p.Fields.Serial},
					{Kind: revocation.KindUnrevoke, At: now, Serial: p.Fields.Serial},
					{Kind: revocation.KindRevokeSession, At: now, Serial: p.Fields.Serial, Start: p.Fields.Start},
					{Kind: revocation.KindForgive, At: now, Serial: p.Fields.Serial},
					{Kind: revocation.KindRevokeSubject, At: now, Subject: p.Fields.Subject, Cutoff: at/1000 - 100 + r.Int64N(100)},
				}[r.IntN(5)])
			}
			now += 200
			h, _ := v.Head()
			raw := s.bundle(t, h.WatermarkMS, now).Bytes()
			if err := v.Accept(raw, clock(now)); err != nil {
				t.Fatal(err)
			}
			if h, _ := v.Head(); h.Full() {
				t.Fatal("a full bundle instead of a delta")
			}
		}
		whole := bundle.NewVerifier(revocationtest.Pinned(), bundletest.Device)
		if err := whole.Accept(s.bundle(t, 0, now).Bytes(), clock(now)); err != nil {
			t.Fatal(err)
		}
		for index := range uint32(9) {
			if one, other := reason(t, v, index, tokens.Onboard, now), reason(t, whole, index, tokens.Onboard, now); one != other {
				t.Errorf("round %d, session %d: %s by deltas, %s by a full bundle", round, index, one, other)
			}
			if serial := bundletest.Session(index).Fields.Serial; v.Forgiven(serial) != whole.Forgiven(serial) {
				t.Errorf("round %d, session %d: forgiven until %d and %d", round, index, v.Forgiven(serial), whole.Forgiven(serial))
			}
		}
	}
}

// When the log of changes does not reach back, the answer is a full bundle.
func TestFullBundleWhenTheLogIsTooShort(t *testing.T) {
	s := newSystem(t, true)
	for i := range int64(2000) {
		s.Revoke(at+1+i, tokens.Serial{Day: uint16(tokens.DayOf(at / 1000)), Index: uint32(100 + i)})
	}
	now := at + 3000
	for since, full := range map[int64]bool{at + 100: true, at + 1900: false} {
		b, err := bundle.Open(s.bundle(t, since, now).Bytes(), revocationtest.Pinned(), nil)
		if err != nil || b.Full() != full {
			t.Errorf("since %d: full %v, %v", since-at, b.Full(), err)
		}
	}
}
