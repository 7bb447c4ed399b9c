package revocation_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

const (
	second = int64(1000) // ms
	day    = 24 * 3600 * second
)

// clocks is a gateway whose clock differs from the issuer's.
type clocks struct {
	*harness
	next   uint64
	offset int64
	log    [][]byte
}

// hear has the issuer say something at its time, and the gateway hear it at its own.
func (c *clocks) hear(issued, now int64, records ...revocation.Record) revocation.Outcome {
	c.t.Helper()
	c.log = append(c.log, revocationtest.Seal(revocation.Batch{Epoch: 1, First: c.next, IssuedAt: issued, Through: issued}, records...))
	c.next += uint64(len(records))
	o := c.Apply(0, c.log[len(c.log)-1], now)
	c.offset++
	c.Position(0, c.offset)
	return o
}

// newClocks starts a gateway by its own clock, on a log of so many messages.
func newClocks(t *testing.T, since, end int64) *clocks {
	t.Helper()
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, since)
	if err != nil {
		t.Fatal(err)
	}
	r.SetTargetOffset(0, end)
	return &clocks{harness: &harness{r, t}, next: 1}
}

func dayOf(ms int64) tokens.Serial {
	return tokens.Serial{Day: uint16(tokens.DayOf(ms / 1000)), Index: 9}
}

// A machine is suspended for longer than any day is kept. What is revoked after it
// wakes counts at once, before the next cleaning.
func TestAMachineThatWakesTakesRevocations(t *testing.T) {
	c := newClocks(t, start-1, 0)
	c.hear(start, start, revoke(serial))
	now := start + 30*day
	c.hear(now, now, revoke(dayOf(now)))
	c.state(now, revocation.Fresh)
	if s := c.Status(now); !c.Revoked(dayOf(now)) || s.Counts.OutOfDay != 0 || s.Revoked != 1 {
		t.Fatalf("revoked %v, %d refused, %d held", c.Revoked(dayOf(now)), s.Counts.OutOfDay, s.Revoked)
	}
}

// The gateway's clock leaps ahead by mistake and comes back: what was known stays
// known, what was revoked meanwhile is known, too.
func TestAClockThatLeapsAndComesBackLosesNothing(t *testing.T) {
	issuer := tokentest.NewIssuer(7)
	public := issuer.Signer.Public()
	subject, meanwhile, exempted := tokens.Subject{1}, tokens.Serial{Day: serial.Day, Index: 1}, tokens.Serial{Day: serial.Day, Index: 2}
	for name, leap := range map[string]int64{"ahead": 9 * day, "far ahead": 400 * day, "back": -9 * day, "far back": -400 * day} {
		t.Run(name, func(t *testing.T) {
			c := newClocks(t, start-1, 0)
			c.hear(start, start, revocation.Record{Kind: revocation.KindAnnounceKey, Key: 7, Public: public}, revoke(serial),
				revocation.Record{Kind: revocation.KindExempt, Key: 7, Serial: exempted},
				revocation.Record{Kind: revocation.KindRevokeSubject, Subject: subject, CutOff: start / 1000})
			later := tokens.Subject{2}
			c.hear(start+second, start+leap, revoke(meanwhile),
				revocation.Record{Kind: revocation.KindRevokeSubject, Subject: later, CutOff: start / 1000})
			c.Forget(start + leap)
			if f := c.Freshness(start + leap); f.State != revocation.Expired {
				t.Errorf("%s while the clock is wrong", f.State)
			}
			now := start + 2*second
			c.hear(now, now)
			c.state(now, revocation.Fresh)
			for what, there := range map[string]bool{"the revocation from before": c.Revoked(serial), "the one from meanwhile": c.Revoked(meanwhile),
				"the rescue": c.Key(7).Exempted.Has(exempted), "the subject's cut-off": c.CutOff(subject) != 0, "the later cut-off": c.CutOff(later) != 0} {
				if !there {
					t.Errorf("%s is lost", what)
				}
			}
			if s := c.Status(now); s.Counts.Late+s.Counts.OutOfDay != 0 {
				t.Errorf("%d late, %d out of day", s.Counts.Late, s.Counts.OutOfDay)
			}
		})
	}
}

// Whatever leaps a gateway's clock makes: when it is right, every revocation is there
// whose day is not over, and while it says fresh everything before the watermark is.
func TestRandomLeapsLoseNothing(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 15))
		c := newClocks(t, start-1, 0)
		said := map[tokens.Serial]int64{}
		now, leap := int64(start), int64(0) // the issuer's clock, and the gateway's difference from it
		for i := range 120 {
			now += random.Int64N(day / 8)
			switch random.IntN(8) {
			case 0:
				leap = random.Int64N(40*day) - 20*day
			case 1, 2, 3:
				leap = random.Int64N(4*second) - 2*second
			}
			s := tokens.Serial{Day: uint16(tokens.DayOf(now/1000) - int64(random.IntN(2))), Index: uint32(i)}
			c.hear(now, now+leap, revoke(s))
			said[s] = now
			if random.IntN(2) == 0 {
				c.Forget(now + leap)
			}
			if f := c.Freshness(now + leap); f.State == revocation.Fresh || i == 119 {
				for s, at := range said {
					if now/1000 < tokens.DayOver(s.Day) && (at < f.WatermarkMS || i == 119) && !c.Revoked(s) {
						t.Fatalf("seed %d, step %d, %s by a clock %d s off: %s, said %d s ago, is lost", seed, i, f.State, leap/1000, s, (now-at)/1000)
					}
				}
			}
		}
	}
}

// A gateway whose clock is behind from the start knows what was revoked, does not
// become ready, and says why.
func TestASlowClockAtTheStartIsSaidAndServesNothing(t *testing.T) {
	const slow = 90 * second
	c := newClocks(t, start-1-slow, 92)
	c.hear(start-slow, start-slow) // an old message looks right
	for at := int64(start - slow + second); at <= start; at += second {
		c.hear(at, start-slow)
	}
	if o := c.hear(start, start-slow, revoke(serial), revoke(tokens.Serial{Day: serial.Day, Index: 1}), lift(serial)); o != revocation.FutureDated {
		t.Fatalf("dated 90 s ahead: %s", o)
	}
	if c.Revoked(serial) || !c.Revoked(tokens.Serial{Day: serial.Day, Index: 1}) {
		t.Error("records of a batch that is dated ahead do not count in their order")
	}
	for now := int64(start - slow); now < start+2*slow; now += second {
		c.hear(now+slow, now)
		f := c.Freshness(now)
		if f.State != revocation.Booting {
			t.Fatalf("%s after %d s", f.State, (now-start+slow)/1000)
		}
	}
	now := start + 2*slow
	if w := c.Status(now).Waiting; len(w) != 1 || !strings.Contains(w[0], "clock is 90 s behind the issuer's") {
		t.Errorf("waiting for %q", w)
	}
	if by := c.ClockBehind(); by != 90*time.Second {
		t.Errorf("behind by %v", by)
	}
	c.hear(now+slow, now+slow) // the clock is set right
	c.state(now+slow, revocation.Fresh)
	if c.ClockBehind() != 0 {
		t.Error("still behind")
	}
}

// The same while it serves: suspect, with all that was revoked, until batches have
// looked right for a while. Forgeries and repetitions do not change that.
func TestAClockThatFallsBehindIsSuspect(t *testing.T) {
	c := newClocks(t, start-1, 0)
	c.hear(start, start)
	forged := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start + day, Through: start + day}, revoke(serial))
	forged[len(forged)-1] ^= 1
	if o := c.Apply(0, forged, start); o != revocation.Forged {
		t.Fatalf("a forgery: %s", o)
	}
	c.state(start, revocation.Fresh)

	c.hear(start+10*second, start+second, revoke(serial))
	c.state(start+second, revocation.Suspect)
	if f := c.Freshness(start + second); !c.Revoked(serial) || f.WatermarkMS != start {
		t.Fatalf("revoked %v, watermark %+d ms", c.Revoked(serial), f.WatermarkMS-start)
	}
	ahead := c.log[len(c.log)-1]
	c.hear(start+11*second, start+2*second, revoke(tokens.Serial{Day: serial.Day, Index: 3}))
	if o := c.Apply(0, ahead, start+2*second); o != revocation.FutureDated {
		t.Fatalf("a repetition of numbers that are known: %s", o)
	}
	// Another writer repeats what the issuer said 9 s ago, or plays it late.
	late := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 3, IssuedAt: start + second, Through: start + second})
	if o := c.Apply(0, late, start+2*second); o != revocation.Applied {
		t.Fatalf("a late heartbeat: %s", o)
	}
	c.state(start+2*second, revocation.Suspect)

	c.hear(start+12*second, start+12*second) // the clock is right again
	c.state(start+12*second, revocation.Fresh)
	if o := c.Apply(0, ahead, start+2*second); o != revocation.FutureDated {
		t.Fatalf("a repetition: %s", o)
	}
	c.state(start+12*second, revocation.Fresh)
	if n := c.Status(start).Counts.Rewinds; n != 0 {
		t.Errorf("read again %d times", n)
	}
}

// An issuer whose clock leapt ahead for a moment does not shut gates for longer.
func TestAnIssuerThatLeaptAheadIsForgiven(t *testing.T) {
	c := newClocks(t, start-1, 0)
	c.hear(start, start)
	wild := start + 1000*day
	c.hear(wild, start+second, revoke(serial), revoke(dayOf(wild)))
	c.state(start+second, revocation.Suspect)
	for at := start + 2*second; at < start+7*second; at += second {
		c.hear(at, at)
	}
	c.state(start+7*second, revocation.Fresh)
	if !c.Revoked(serial) || !c.Revoked(dayOf(wild)) {
		t.Error("what it revoked is lost")
	}
	c.hear(start+8*second, start+8*second, revoke(tokens.Serial{Day: serial.Day + 1, Index: 3}))
	if f := c.Freshness(start + 8*second); f.WatermarkMS != start+8*second || !c.Revoked(tokens.Serial{Day: serial.Day + 1, Index: 3}) {
		t.Errorf("watermark %+d ms", f.WatermarkMS-start)
	}
}

// A gateway that starts with its clock ahead waits, and serves when the clock is
// right; but not if what its log begins with looked too old to matter only by that clock.
func TestAFastClockAtTheStartIsOutlived(t *testing.T) {
	const fast = 9 * day
	c := newClocks(t, start+fast, 1)
	c.hear(start, start+fast, revoke(serial))
	if s := c.Status(start + fast); s.State != revocation.Booting || !strings.Contains(strings.Join(s.Waiting, ""), "or this gateway's clock is ahead") {
		t.Fatalf("%s, waiting for %q", s.State, s.Waiting)
	}
	c.hear(start+second, start+second)
	c.hear(start+2*second, start+2*second)
	c.state(start+2*second, revocation.Fresh)
	if !c.Revoked(serial) {
		t.Fatal("fresh without what was revoked before")
	}

	c = newClocks(t, start+fast, 1)
	c.next = 8
	c.hear(start, start+fast)
	c.hear(start+second, start+second)
	c.hear(start+2*second, start+2*second)
	if s := c.Status(start + 2*second); s.State != revocation.Booting || !strings.Contains(s.Waiting[0], "the log lost its beginning") {
		t.Fatalf("%s, waiting for %q", s.State, s.Waiting)
	}
}
