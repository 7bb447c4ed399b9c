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

// deliver sends a batch with the issuer's date and applies it at the gateway's time.
func (c *clocks) deliver(issued, now int64, records ...revocation.Record) revocation.Outcome {
	c.t.Helper()
	c.log = append(c.log, revocationtest.Seal(revocation.Batch{Epoch: 1, First: c.next, IssuedAt: issued, Through: issued}, records...))
	c.next += uint64(len(records))
	o := c.Apply(0, c.log[len(c.log)-1], now)
	c.offset++
	c.SetPosition(0, c.offset)
	return o
}

// newClocks starts a gateway at since by its own clock; end is the target offset of its log.
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

// A machine was suspended for longer than a day is kept. A revocation that arrives after it resumes counts at
// once, before the next removal of expired days.
func TestRevocationCountsAfterASuspend(t *testing.T) {
	c := newClocks(t, start-1, 0)
	c.deliver(start, start, revoke(serial))
	now := start + 30*day
	c.deliver(now, now, revoke(dayOf(now)))
	c.state(now, revocation.Fresh)
	if s := c.Status(now); !c.Revoked(dayOf(now)) || s.Counts.OutOfDay != 0 || s.Revoked != 1 {
		t.Fatalf("revoked %v, %d refused, %d stored", c.Revoked(dayOf(now)), s.Counts.OutOfDay, s.Revoked)
	}
}

// The gateway's clock jumps ahead by mistake and is corrected: revocations from before and from the meantime
// are all known.
func TestClockJumpLosesNothing(t *testing.T) {
	issuer := tokentest.NewIssuer(7)
	public := issuer.Signer.Public()
	subject, meanwhile, exempted := tokens.Subject{1}, tokens.Serial{Day: serial.Day, Index: 1}, tokens.Serial{Day: serial.Day, Index: 2}
	for name, jump := range map[string]int64{"ahead": 9 * day, "far ahead": 400 * day, "back": -9 * day, "far back": -400 * day} {
		t.Run(name, func(t *testing.T) {
			c := newClocks(t, start-1, 0)
			c.deliver(start, start, revocation.Record{Kind: revocation.KindAnnounceKey, Key: 7, Public: public}, revoke(serial),
				revocation.Record{Kind: revocation.KindExempt, Key: 7, Serial: exempted},
				revocation.Record{Kind: revocation.KindRevokeSubject, Subject: subject, Cutoff: start / 1000})
			later := tokens.Subject{2}
			c.deliver(start+second, start+jump, revoke(meanwhile),
				revocation.Record{Kind: revocation.KindRevokeSubject, Subject: later, Cutoff: start / 1000})
			c.Forget(start + jump)
			if f := c.Freshness(start + jump); f.State != revocation.Expired {
				t.Errorf("%s while the clock is wrong", f.State)
			}
			now := start + 2*second
			c.deliver(now, now)
			c.state(now, revocation.Fresh)
			for what, there := range map[string]bool{"the revocation from before": c.Revoked(serial), "the revocation during the jump": c.Revoked(meanwhile),
				"the exemption": c.Key(7).Exempted.Has(exempted), "the subject's cutoff": c.Cutoff(subject) != 0, "the later cutoff": c.Cutoff(later) != 0} {
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

// Whatever jumps a gateway's clock makes: when it is right, every revocation of a day that is not over is
// known, and while the state is fresh all revocations before the watermark are.
func TestRandomClockJumpsLoseNothing(t *testing.T) {
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 15))
		c := newClocks(t, start-1, 0)
		revokedAt := map[tokens.Serial]int64{}
		now, jump := int64(start), int64(0) // the issuer's clock, and the gateway's difference from it
		for i := range 120 {
			now += random.Int64N(day / 8)
			switch random.IntN(8) {
			case 0:
				jump = random.Int64N(40*day) - 20*day
			case 1, 2, 3:
				jump = random.Int64N(4*second) - 2*second
			}
			s := tokens.Serial{Day: uint16(tokens.DayOf(now/1000) - int64(random.IntN(2))), Index: uint32(i)}
			c.deliver(now, now+jump, revoke(s))
			revokedAt[s] = now
			if random.IntN(2) == 0 {
				c.Forget(now + jump)
			}
			if f := c.Freshness(now + jump); f.State == revocation.Fresh || i == 119 {
				for s, at := range revokedAt {
					if now/1000 < tokens.DayOver(s.Day) && (at < f.WatermarkMS || i == 119) && !c.Revoked(s) {
						t.Fatalf("seed %d, step %d, %s by a clock %d s off: %s, revoked %d s ago, is lost", seed, i, f.State, jump/1000, s, (now-at)/1000)
					}
				}
			}
		}
	}
}

// A gateway whose clock is behind from the start applies revocations, does not become ready, and names the
// reason.
func TestSlowClockAtStartIsReportedAndServesNothing(t *testing.T) {
	const slow = 90 * second
	c := newClocks(t, start-1-slow, 92)
	c.deliver(start-slow, start-slow) // an old message looks right
	for at := int64(start - slow + second); at <= start; at += second {
		c.deliver(at, start-slow)
	}
	if o := c.deliver(start, start-slow, revoke(serial), revoke(tokens.Serial{Day: serial.Day, Index: 1}), unrevoke(serial)); o != revocation.FutureDated {
		t.Fatalf("dated 90 s ahead: %s", o)
	}
	if c.Revoked(serial) || !c.Revoked(tokens.Serial{Day: serial.Day, Index: 1}) {
		t.Error("records of a batch that is dated ahead do not count in their order")
	}
	for now := int64(start - slow); now < start+2*slow; now += second {
		c.deliver(now+slow, now)
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
	c.deliver(now+slow, now+slow) // the clock is corrected
	c.state(now+slow, revocation.Fresh)
	if c.ClockBehind() != 0 {
		t.Error("still behind")
	}
}

// The clock falls behind while the gateway serves: it is suspect and knows all revocations, until batches
// have looked right for some seconds. Forgeries and repetitions do not change that.
func TestClockThatFallsBehindIsSuspect(t *testing.T) {
	c := newClocks(t, start-1, 0)
	c.deliver(start, start)
	forged := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: start + day, Through: start + day}, revoke(serial))
	forged[len(forged)-1] ^= 1
	if o := c.Apply(0, forged, start); o != revocation.Forged {
		t.Fatalf("a forgery: %s", o)
	}
	c.state(start, revocation.Fresh)

	c.deliver(start+10*second, start+second, revoke(serial))
	c.state(start+second, revocation.Suspect)
	if f := c.Freshness(start + second); !c.Revoked(serial) || f.WatermarkMS != start {
		t.Fatalf("revoked %v, watermark %+d ms", c.Revoked(serial), f.WatermarkMS-start)
	}
	ahead := c.log[len(c.log)-1]
	c.deliver(start+11*second, start+2*second, revoke(tokens.Serial{Day: serial.Day, Index: 3}))
	if o := c.Apply(0, ahead, start+2*second); o != revocation.FutureDated {
		t.Fatalf("a repetition of numbers that are known: %s", o)
	}
	// Another writer repeats a heartbeat that the issuer sent 9 s ago, or delivers it late.
	late := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 3, IssuedAt: start + second, Through: start + second})
	if o := c.Apply(0, late, start+2*second); o != revocation.Applied {
		t.Fatalf("a late heartbeat: %s", o)
	}
	c.state(start+2*second, revocation.Suspect)

	c.deliver(start+12*second, start+12*second) // the clock is right again
	c.state(start+12*second, revocation.Fresh)
	if o := c.Apply(0, ahead, start+2*second); o != revocation.FutureDated {
		t.Fatalf("a repetition: %s", o)
	}
	c.state(start+12*second, revocation.Fresh)
	if n := c.Status(start).Counts.Rewinds; n != 0 {
		t.Errorf("read again %d times", n)
	}
}

// An issuer whose clock jumped ahead for a moment does not close gates for longer.
func TestIssuerClockJumpEndsAfterSeconds(t *testing.T) {
	c := newClocks(t, start-1, 0)
	c.deliver(start, start)
	wild := start + 1000*day
	c.deliver(wild, start+second, revoke(serial), revoke(dayOf(wild)))
	c.state(start+second, revocation.Suspect)
	for at := start + 2*second; at < start+7*second; at += second {
		c.deliver(at, at)
	}
	c.state(start+7*second, revocation.Fresh)
	if !c.Revoked(serial) || !c.Revoked(dayOf(wild)) {
		t.Error("what it revoked is lost")
	}
	c.deliver(start+8*second, start+8*second, revoke(tokens.Serial{Day: serial.Day + 1, Index: 3}))
	if f := c.Freshness(start + 8*second); f.WatermarkMS != start+8*second || !c.Revoked(tokens.Serial{Day: serial.Day + 1, Index: 3}) {
		t.Errorf("watermark %+d ms", f.WatermarkMS-start)
	}
}

// A gateway that starts with its clock ahead waits, and serves when the clock is right. It does not serve if
// the beginning of its log looked too old to matter only by the wrong clock.
func TestFastClockAtStartRecovers(t *testing.T) {
	const fast = 9 * day
	c := newClocks(t, start+fast, 1)
	c.deliver(start, start+fast, revoke(serial))
	if s := c.Status(start + fast); s.State != revocation.Booting || !strings.Contains(strings.Join(s.Waiting, ""), "this gateway's clock is right") {
		t.Fatalf("%s, waiting for %q", s.State, s.Waiting)
	}
	c.deliver(start+second, start+second)
	c.deliver(start+2*second, start+2*second)
	c.state(start+2*second, revocation.Fresh)
	if !c.Revoked(serial) {
		t.Fatal("fresh without what was revoked before")
	}

	c = newClocks(t, start+fast, 1)
	c.next = 8
	c.deliver(start, start+fast)
	c.deliver(start+second, start+second)
	c.deliver(start+2*second, start+2*second)
	if s := c.Status(start + 2*second); s.State != revocation.Booting || !strings.Contains(s.Waiting[0], "the log lost its beginning") {
		t.Fatalf("%s, waiting for %q", s.State, s.Waiting)
	}
}
