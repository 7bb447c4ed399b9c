package revocation_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// closeRecord closes a session, at closedMS by the issuer's clock.
func closeRecord(s tokens.Serial, at, closedMS int64) revocation.Record {
	return revocation.Record{Kind: revocation.KindRevokeSession, At: closedMS, Serial: s, Start: at}
}

// A logout ends the session, but not the credential or its other sessions; scans from before it stay valid.
func TestOnlyTheClosedSessionIsRefused(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	f := revocationtest.NewFeed(start, issuer.Key())
	one, next := issuer.Open(5, tokentest.Epoch), issuer.OpenAs(tokens.Pass{
		Serial: tokens.Serial{Day: serial.Day, Index: 5}, Start: tokentest.Epoch + 1, Expiry: tokentest.Epoch + tokens.CredentialLife,
		Period: tokens.Period, Length: tokens.Length, Scopes: tokens.AllScopes})
	gate := tokens.Checker{Keys: f.Replica, Revocations: f.Replica, Passes: new(tokentest.Passes)}
	const at = tokentest.Epoch + 70
	check := func(s *tokentest.Session) tokens.Reason {
		code := s.Code(1)
		return gate.Check(&code, at, tokens.Entry)
	}
	if check(&one) != tokens.ReasonOK || check(&next) != tokens.ReasonOK {
		t.Fatal("open sessions are refused")
	}
	f.Apply(start, closeRecord(one.Fields.Serial, tokentest.Epoch, at*1000+999))
	if a, b := check(&one), check(&next); a != tokens.ReasonSessionClosed || b != tokens.ReasonOK {
		t.Errorf("the closed session: %s, the other: %s", a, b)
	}
	var batch tokens.Batch
	for _, second := range []int64{at - 1, at, at + 1} {
		batch.Scans = append(batch.Scans, tokens.Scan{Token: one.Code(1), At: second, Reason: tokens.ReasonOK})
	}
	gate.CheckAll(&batch, tokens.Entry)
	for i, want := range []tokens.Reason{tokens.ReasonOK, tokens.ReasonSessionClosed, tokens.ReasonSessionClosed} {
		if got := batch.Scans[i].Reason; got != want {
			t.Errorf("scanned %+d s from the closing: %s, want %s", i-1, got, want)
		}
	}
	f.Revoke(start, one.Fields.Serial)
	if a, b := check(&one), check(&next); a != tokens.ReasonRevoked || b != tokens.ReasonRevoked {
		t.Errorf("revoked: %s and %s", a, b)
	}
	f.Apply(start, revocation.Record{Kind: revocation.KindUnrevoke, At: start, Serial: one.Fields.Serial})
	if a, b := check(&one), check(&next); a != tokens.ReasonSessionClosed || b != tokens.ReasonOK {
		t.Errorf("unrevoked: a closed session is open again (%s), or the other refused (%s)", a, b)
	}
	if n := f.Replica.Status(start); n.Closed != 1 || n.Counts.Closed != 1 {
		t.Errorf("%d sessions are closed, %d records closed one", n.Closed, n.Counts.Closed)
	}
}

// A closing that the issuer's clock dates ahead of this clock counts at once.
func TestClosingDatedAheadCountsAtOnce(t *testing.T) {
	f := revocationtest.NewFeed(start)
	f.Apply(start, closeRecord(serial, startSecond, start+4*second))
	if !f.Replica.Closed(serial, startSecond, tokens.Never) {
		t.Error("a closing waits for this gateway's clock")
	}
}

func TestClosingsWithoutEffectAreCounted(t *testing.T) {
	f := revocationtest.NewFeed(start)
	at := int64(start + 3*day)
	f.Apply(at, closeRecord(serial, startSecond, start)) // of another day
	today := dayOf(at)
	over := at/1000 - int64(revocation.Afterlife.Seconds()) - revocation.ShownFor
	f.Apply(at, closeRecord(today, over, over*1000), closeRecord(today, over+1, over*1000),
		closeRecord(tokens.Serial{Day: today.Day + 2, Index: 1}, at/1000, at), closeRecord(today, startSecond, at))
	s := f.Replica.Status(at)
	// The day has begun so recently that both starts precede it.
	if s.Counts.Late < 2 || s.Counts.OutOfDay == 0 || s.Counts.Unknown != 0 || s.Closed+int(s.Counts.Late)+int(s.Counts.OutOfDay) != 5 {
		t.Errorf("%d closed, %d late, %d out of day", s.Closed, s.Counts.Late, s.Counts.OutOfDay)
	}
}

// A closed session is kept until the latest report of the latest scan can have arrived, and no longer. Both
// clocks have to agree.
func TestClosedSessionIsKeptForItsAfterlife(t *testing.T) {
	for name, clock := range map[string]struct{ own, issuer int64 }{
		"both": {1, 1}, "this gateway's alone": {1, 0}, "the issuer's alone": {0, 1},
	} {
		c := newClocks(t, start-1, 0)
		c.deliver(start, start, closeRecord(serial, startSecond, start))
		kept := start + (revocation.SliceSpan+revocation.ShownFor)*second + revocation.Afterlife.Milliseconds()
		c.deliver(start+clock.issuer*(kept-start), start+clock.own*(kept-start))
		c.Forget(start + clock.own*(kept-start))
		if got, want := c.Closed(serial, startSecond, tokens.Never), name != "both"; got != want {
			t.Errorf("over by %s: kept %v, want %v", name, got, want)
		}
		latest := start + (revocation.ShownFor-5)*second + revocation.Afterlife.Milliseconds()
		c = newClocks(t, start-1, 0)
		c.deliver(start, start, closeRecord(serial, startSecond, start))
		c.deliver(latest, latest)
		c.Forget(latest)
		if !c.Closed(serial, startSecond, tokens.Never) {
			t.Error("forgotten before the last scan can have been reported")
		}
	}
}

// After a gap, a re-reading, a rolled-back log and a new epoch: closings are united like revocations, and a
// closed session is never opened again.
func TestClosedSessionsSurviveEveryStreamFault(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	all := []tokens.Serial{{Day: serial.Day, Index: 1}, {Day: serial.Day, Index: 2}, {Day: serial.Day, Index: 3}, {Day: serial.Day, Index: 4}, {Day: serial.Day, Index: 5}}
	are := func(n int) {
		t.Helper()
		for i, s := range all {
			if h.Closed(s, startSecond, tokens.Never) != (i < n) {
				t.Fatalf("session %d: closed %v", i, i >= n)
			}
		}
	}
	h.send(revocation.Applied, 0, 1, 1, start, closeRecord(all[0], startSecond, start))
	are(1)
	h.send(revocation.Gap, 0, 1, 3, start, closeRecord(all[1], startSecond, start))
	are(2)
	h.state(start, revocation.Suspect)
	h.Rewind(0, 3, "")
	h.send(revocation.Duplicate, 0, 1, 1, start, closeRecord(all[0], startSecond, start))
	h.send(revocation.Applied, 0, 1, 2, start, closeRecord(all[2], startSecond, start))
	are(3) // before the re-reading has ended
	h.send(revocation.Applied, 0, 1, 3, start, closeRecord(all[1], startSecond, start))
	if !h.SetPosition(0, 3) {
		t.Fatal("the gap is not closed")
	}
	h.send(revocation.RolledBack, 0, 1, 2, start+1, closeRecord(all[3], startSecond, start))
	are(4)
	h.send(revocation.Applied, 0, 2, 1, start+2, closeRecord(all[4], startSecond, start))
	are(5)
	h.SetPosition(0, 5)
	h.state(start+2, revocation.Fresh)
}

// A full set refuses sessions, reports it, and is not fresh: the watermark does not move, so the set contains
// everything that the watermark promises. Once there is room, the log is read again.
func TestFullSetIsSuspectUntilItHasRoom(t *testing.T) {
	h := newHarness(t, 1)
	revocation.SetMostClosed(h.Replica, 16)
	h.SetTargetOffset(0, 0)
	var log [][]byte
	send := func(at int64, records ...revocation.Record) {
		t.Helper()
		first := uint64(1)
		for _, raw := range log {
			b, _ := revocation.OpenBatch(raw, revocationtest.Pinned())
			first += uint64(b.Len())
		}
		log = append(log, revocationtest.Seal(revocation.Batch{Epoch: 1, First: first, IssuedAt: at, Through: at}, records...))
		if o := h.Apply(0, log[len(log)-1], at); o != revocation.Applied {
			t.Fatalf("%s", o)
		}
	}
	for i := range uint32(16) {
		send(start, closeRecord(tokens.Serial{Day: serial.Day, Index: i}, startSecond, start))
	}
	h.SetPosition(0, int64(len(log)))
	h.state(start, revocation.Fresh)
	later := int64(start) + 1800*second
	unfit := tokens.Serial{Day: serial.Day, Index: 99}
	send(start+1, closeRecord(tokens.Serial{Day: serial.Day, Index: 3}, startSecond, start)) // a repetition needs no room
	h.state(start+1, revocation.Fresh)
	send(later, revoke(serial), closeRecord(unfit, later/1000, later))
	if trusted := h.SetPosition(0, int64(len(log))); !trusted {
		t.Error("the log is read again though there is no room yet")
	}
	s := h.Status(later)
	if s.State != revocation.Expired && s.State != revocation.Suspect || s.WatermarkMS != start+1 || s.Counts.NoRoom != 1 || !strings.Contains(strings.Join(s.Waiting, ""), "do not fit") {
		t.Fatalf("%s, watermark %+d ms, %d without room, waiting for %q", s.State, s.WatermarkMS-start, s.Counts.NoRoom, s.Waiting)
	}
	if !h.Revoked(serial) {
		t.Error("the other records of the batch are lost")
	}
	if _, ok := h.Snapshot("t", later); ok {
		t.Error("a snapshot of a set that lacks a session")
	}

	room := int64(start) + (revocation.SliceSpan+revocation.ShownFor)*second + revocation.Afterlife.Milliseconds()
	send(room) // the railway day changes: expired records are dropped
	h.Forget(room)
	if h.SetPosition(0, int64(len(log))) {
		t.Fatal("there is room and the log is not read again")
	}
	h.Rewind(0, int64(len(log)), "")
	for _, raw := range log {
		h.Apply(0, raw, room)
	}
	if !h.SetPosition(0, int64(len(log))) {
		t.Fatal("still not trusted after the second reading")
	}
	send(room + 1)
	h.SetPosition(0, int64(len(log)))
	h.state(room+1, revocation.Fresh)
	if !h.Closed(unfit, later/1000, tokens.Never) {
		t.Error("the session that did not fit is lost")
	}
	// A new epoch republishes everything, also to a full set.
	for i := range uint32(20) {
		send(room+2, closeRecord(tokens.Serial{Day: dayOf(room).Day, Index: i}, room/1000, room))
	}
	h.state(room+2, revocation.Suspect)
	revocation.SetMostClosed(h.Replica, 0)
	h.send(revocation.Applied, 0, 2, 1, room+3)
	h.state(room+3, revocation.Fresh)
}

// Whatever jumps the clocks make, and however often the log is read again: a session is closed as long as a
// scan of it can be reported.
func TestRandomClockJumpsLoseNoClosedSession(t *testing.T) {
	for seed := range uint64(40) {
		random := rand.New(rand.NewPCG(seed, 16))
		c := newClocks(t, start-1, 0)
		type session struct {
			serial tokens.Serial
			start  int64
		}
		closed := map[session]int64{}
		now, jump := int64(start), int64(0)
		for i := range 120 {
			now += random.Int64N(day / 24)
			switch random.IntN(8) {
			case 0:
				jump = random.Int64N(40*day) - 20*day
			case 1, 2, 3:
				jump = random.Int64N(4*second) - 2*second
			}
			s := session{dayOf(now), now/1000 - random.Int64N(1800)}
			s.serial = tokens.Serial{Day: uint16(tokens.DayOf(s.start) - int64(random.IntN(2))), Index: uint32(i)}
			c.deliver(now, now+jump, closeRecord(s.serial, s.start, now))
			closed[s] = now
			if random.IntN(2) == 0 {
				c.Forget(now + jump)
			}
			if random.IntN(20) == 0 {
				c.Rewind(0, c.offset, "for the test")
				for _, raw := range c.log {
					c.Apply(0, raw, now+jump)
				}
				c.SetPosition(0, c.offset)
			}
			for s, at := range closed {
				if s.start+revocation.ShownFor+int64(revocation.Afterlife.Seconds()) > now/1000 && !c.Closed(s.serial, s.start, at/1000) {
					t.Fatalf("seed %d, step %d, by a clock %d s off: %+v, closed %d s ago, is lost", seed, i, jump/1000, s, (now-at)/1000)
				}
			}
		}
		if n := c.Status(now).Closed; n == 120 {
			t.Fatalf("seed %d: nothing was ever forgotten", seed)
		}
	}
}

// A snapshot restores closed sessions, each with its second.
func TestSnapshotKeepsClosedSessions(t *testing.T) {
	f, _ := filled(t)
	random := rand.New(rand.NewPCG(5, 6))
	var all []revocation.ClosedSession
	for i := range uint32(500) {
		at := startSecond - random.Int64N(3000)
		s := tokens.Serial{Day: uint16(tokens.DayOf(at) - random.Int64N(2)), Index: i}
		all = append(all, revocation.ClosedSession{Serial: s, Start: at, Closed: at + random.Int64N(1860)})
		f.Apply(start, closeRecord(s, at, all[i].Closed*1000+random.Int64N(1000)))
	}
	s, _ := f.Replica.Snapshot("t", start)
	raw := s.Encode()
	back, err := revocation.DecodeSnapshot(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Encode(), raw) {
		t.Fatal("a snapshot has two encodings")
	}
	r := newHarness(t, 1)
	if err := r.Restore(back, "t", start); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !r.Closed(c.Serial, c.Start, c.Closed) || r.Closed(c.Serial, c.Start, c.Closed-1) {
			t.Fatalf("%+v was restored differently", c)
		}
	}
	if n := len(slices.Collect(back.Closed())); n != len(all) || r.Status(start).Closed != n {
		t.Errorf("%d sessions in the snapshot, %d restored, want %d", n, r.Status(start).Closed, len(all))
	}
	if _, goesOn := r.ResumeOffset(0); !goesOn {
		t.Error("a snapshot of this release has no resume offset")
	}
}

// Snapshots are taken while sessions are closed. Together with the log from its resume offset, each restores
// every session.
func TestSnapshotDuringClosingsLosesNone(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	const sessions = 3000
	log := [][]byte{revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start, Through: start})}
	for i := range uint32(sessions) {
		log = append(log, revocationtest.Seal(revocation.Batch{Epoch: 1, First: uint64(i) + 1, IssuedAt: start, Through: start},
			closeRecord(tokens.Serial{Day: serial.Day, Index: i}, startSecond-int64(i%5)*revocation.SliceSpan, start)))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i, raw := range log {
			h.Apply(0, raw, start)
			h.SetPosition(0, int64(i+1))
		}
	}()
	var taken []*revocation.Snapshot
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		if s, ok := h.Snapshot("t", start); ok && (len(taken) < 40 || ended) {
			taken = append(taken, s)
		}
	}
	for _, s := range taken {
		back, err := revocation.DecodeSnapshot(s.Encode())
		if err != nil {
			t.Fatal(err)
		}
		r := newHarness(t, 1)
		if err := r.Restore(back, "t", start); err != nil {
			t.Fatal(err)
		}
		from, _ := r.ResumeOffset(0)
		for _, raw := range log[from:] {
			if o := r.Apply(0, raw, start); o != revocation.Applied && o != revocation.Duplicate && o != revocation.PastHeartbeat {
				t.Fatalf("from message %d: %s", from, o)
			}
		}
		if n := r.Status(start).Closed; n != sessions {
			t.Fatalf("from message %d: %d sessions are closed, want %d", from, n, sessions)
		}
	}
}
