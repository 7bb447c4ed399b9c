package revocation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

const start = tokentest.Epoch * 1000 // Unix ms

var serial = tokens.Serial{Day: uint16(tokens.DayOf(tokentest.Epoch)), Index: 42}

func revoke(s tokens.Serial) revocation.Record {
	return revocation.Record{Kind: revocation.KindRevoke, Serial: s}
}

// harness is a replica of n partitions and the messages an issuer would send to it.
type harness struct {
	*revocation.Replica
	t *testing.T
}

func newHarness(t *testing.T, partitions int) *harness {
	t.Helper()
	r, err := revocation.NewReplica(revocationtest.Pinned(), partitions, revocation.Limits{}, start-1) // a watermark of start is above that
	if err != nil {
		t.Fatal(err)
	}
	return &harness{r, t}
}

func (h *harness) send(want revocation.Outcome, p int, epoch, first uint64, at int64, records ...revocation.Record) {
	h.t.Helper()
	raw := revocationtest.Seal(revocation.Batch{Epoch: epoch, Partition: uint16(p), First: first, IssuedAt: at, Through: at}, records...)
	if got := h.Apply(p, raw, at); got != want {
		h.t.Fatalf("partition %d, epoch %d, number %d: %s, want %s", p, epoch, first, got, want)
	}
}

func (h *harness) state(now int64, want revocation.State) {
	h.t.Helper()
	if s := h.Status(now); s.State != want {
		h.t.Fatalf("state %s, want %s; waiting for %q", s.State, want, s.Waiting)
	}
}

func TestReadyOnlyWhenEveryPartitionIsReadAndTheIssuerIsAlive(t *testing.T) {
	h := newHarness(t, 2)
	h.state(start, revocation.Booting)
	h.SetTargetOffset(0, 10)
	h.SetTargetOffset(1, 0)
	h.send(revocation.Applied, 0, 1, 1, start-1000, revoke(serial)) // from before the start: no sign of life
	h.SetPosition(0, 10)
	h.send(revocation.Applied, 1, 1, 1, start+1)
	h.state(start+1, revocation.Booting)
	if w := h.Status(start + 1).Waiting; len(w) != 1 || !strings.Contains(w[0], "partition 0: no heartbeat") {
		t.Fatalf("waiting for %q", w)
	}
	h.send(revocation.Applied, 0, 1, 2, start+2)
	h.state(start+2, revocation.Fresh)
	if !h.Revoked(serial) {
		t.Fatal("the revocation from before the start is missing")
	}
}

func TestFreshnessIsThatOfTheOldestPartition(t *testing.T) {
	h := newHarness(t, 2)
	for p := range 2 {
		h.SetTargetOffset(p, 0)
		h.send(revocation.Applied, p, 1, 1, start)
	}
	h.send(revocation.Applied, 0, 1, 1, start+60_000)
	f := h.Freshness(start + 60_000)
	if f.State != revocation.Stale || f.AgeMS != 60_000 || f.WatermarkMS != start {
		t.Fatalf("freshness %+v", f)
	}
	if f := h.Freshness(start + (15 * time.Minute).Milliseconds()); f.State != revocation.Expired {
		t.Fatalf("after 15 minutes of silence: %+v", f)
	}
	if f := h.Freshness(start - 5000); f.AgeMS != 0 || f.State != revocation.Fresh {
		t.Fatalf("a clock within the skew gives %+v", f)
	}
	if f := h.Freshness(start - 5001); f.State != revocation.Expired {
		t.Fatalf("a clock that was set back beyond the skew gives %+v", f)
	}
}

func TestRefusedMessagesChangeNothing(t *testing.T) {
	h := newHarness(t, 2)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 5, 1, start)
	h.send(revocation.OldEpoch, 0, 4, 2, start, revoke(serial))
	raw := revocationtest.Seal(revocation.Batch{Epoch: 5, Partition: 1, First: 1, IssuedAt: start}, revoke(serial))
	if o := h.Apply(0, raw, start); o != revocation.WrongPartition {
		t.Errorf("another partition's batch: %s", o)
	}
	forged := revocationtest.Seal(revocation.Batch{Epoch: 5, First: 1, IssuedAt: start}, revoke(serial))
	forged[len(forged)-1] ^= 1
	for _, raw := range [][]byte{nil, {1}, forged, make([]byte, 1<<20)} {
		if o := h.Apply(0, raw, start); o == revocation.Applied || o == revocation.Gap {
			t.Errorf("%d bytes of rubbish: %s", len(raw), o)
		}
	}
	if h.Revoked(serial) {
		t.Fatal("a refused record was applied")
	}
	counts := h.Status(start).Counts.Outcomes
	if counts[revocation.OldEpoch] != 1 || counts[revocation.Forged] != 1 || counts[revocation.Unreadable] != 3 {
		t.Fatalf("counted %v", counts)
	}
}

// A publisher that crashed repeats itself, perhaps in other batches. A revocation that was undone since stays
// undone.
func TestRepetitionsAreHarmless(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	unrevoke := revocation.Record{Kind: revocation.KindUnrevoke, Serial: serial}
	other := tokens.Serial{Day: serial.Day, Index: 43}
	h.send(revocation.Applied, 0, 1, 1, start, revoke(serial), unrevoke)
	h.send(revocation.Duplicate, 0, 1, 1, start, revoke(serial))
	if h.Revoked(serial) {
		t.Fatal("a repeated revocation undid an unrevocation")
	}
	h.send(revocation.Applied, 0, 1, 2, start, unrevoke, revoke(other))
	if !h.Revoked(other) {
		t.Fatal("the new half of an overlapping batch was not applied")
	}
}

func TestRecordsAfterAGapAreAppliedAndReported(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start)
	h.send(revocation.Gap, 0, 1, 3, start+1000, revoke(serial))
	if !h.Revoked(serial) {
		t.Fatal("a valid revocation after a gap was ignored")
	}
	h.state(start+1000, revocation.Suspect)
	if f := h.Freshness(start + 1000); f.WatermarkMS != start {
		t.Fatalf("watermark %d promises records that are missing", f.WatermarkMS)
	}
	missed := tokens.Serial{Day: serial.Day, Index: 1}
	h.Rewind(0, 5, "a gap in the numbering")
	h.send(revocation.PastHeartbeat, 0, 1, 1, start)
	h.send(revocation.Applied, 0, 1, 1, start+500, revoke(missed), revoke(missed))
	h.send(revocation.Applied, 0, 1, 3, start+1000, revoke(serial))
	if h.SetPosition(0, 4) {
		t.Fatal("trusted before the log's end")
	}
	if !h.SetPosition(0, 5) {
		t.Fatal("not trusted though the log was read to its end without a gap")
	}
	h.send(revocation.Applied, 0, 1, 4, start+2000)
	h.state(start+2000, revocation.Fresh)
	if !h.Revoked(serial) || !h.Revoked(missed) {
		t.Fatal("reading again dropped a revocation")
	}
}

// A log that begins in the middle of the numbers has lost its beginning. While the lost records may still
// matter, a gateway without other data must not serve on it, until the issuer republishes everything.
func TestLogWithoutItsBeginningIsNotServed(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 1)
	young := start - revocation.MaxSnapshotAge.Milliseconds() + 1
	raw := revocationtest.Seal(revocation.Batch{Epoch: 1, First: 8, IssuedAt: young, Through: young})
	if o := h.Apply(0, raw, start); o != revocation.Gap {
		t.Fatalf("a log that begins with number 8, issued within 48 h: %s", o)
	}
	h.SetPosition(0, 1)
	h.state(start, revocation.Booting)
	h.Rewind(0, 1, "a gap in the numbering")
	if o := h.Apply(0, raw, start); h.SetPosition(0, 1) {
		t.Fatalf("reading it again makes it trusted: %s", o)
	}
	h.send(revocation.Applied, 0, 2, 1, start+1, revoke(serial))
	h.state(start+1, revocation.Fresh)

	h = newHarness(t, 1)
	h.SetTargetOffset(0, 1)
	raw = revocationtest.Seal(revocation.Batch{Epoch: 1, First: 8, IssuedAt: young - 1, Through: young - 1})
	if o := h.Apply(0, raw, start); o != revocation.Applied {
		t.Fatalf("a log that lost only expired records: %s", o)
	}
}

func TestNewEpochStartsFromOne(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start, revoke(serial))
	h.send(revocation.Applied, 0, 2, 1, start, revoke(tokens.Serial{Day: serial.Day, Index: 1}))
	if !h.Revoked(serial) {
		t.Fatal("a new epoch dropped what the old one revoked")
	}
	h.send(revocation.Gap, 0, 3, 2, start)
	h.state(start, revocation.Suspect)
}

func TestRecordsOfImpossibleDaysAreCounted(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start,
		revoke(tokens.Serial{Day: serial.Day - 3}), revoke(tokens.Serial{Day: serial.Day + 2}), revoke(tokens.Serial{Day: 65535}),
		revoke(tokens.Serial{Day: serial.Day + 1}))
	s := h.Status(start)
	if s.Counts.Late != 1 || s.Counts.OutOfDay != 2 || s.Revoked != 1 {
		t.Fatalf("late %d, out of day %d, revoked %d", s.Counts.Late, s.Counts.OutOfDay, s.Revoked)
	}
}

func TestKeysAreBoundOnce(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	announce := revocation.Record{Kind: revocation.KindAnnounceKey, Key: 7, Public: signing.NewKey([32]byte{1}).Public()}
	other := revocation.Record{Kind: revocation.KindAnnounceKey, Key: 7, Public: signing.NewKey([32]byte{2}).Public()}
	retire := func(at int64) revocation.Record {
		return revocation.Record{Kind: revocation.KindRetireKey, Key: 7, Cutoff: at}
	}
	weak := revocation.Record{Kind: revocation.KindAnnounceKey, Key: 8, Public: [32]byte{1}}
	healed := revocation.Record{Kind: revocation.KindAnnounceKey, Key: 8, Public: signing.NewKey([32]byte{3}).Public()}
	h.send(revocation.Applied, 0, 1, 1, start, announce, other, announce, weak, retire(500), retire(900))
	k := h.Key(7)
	if k == nil || k.Public != announce.Public || k.Cutoff != 500 {
		t.Fatalf("key 7 is %+v", k)
	}
	if n := h.Status(start).Counts.KeyClash; n != 2 {
		t.Fatalf("%d refusals counted, want that of another key and that of a weak one", n)
	}
	if h.Key(8) != nil {
		t.Fatal("a weak key was taken")
	}
	h.send(revocation.Applied, 0, 1, 7, start, weak, healed)
	if k := h.Key(8); k == nil || k.Public != healed.Public {
		t.Fatal("a weak key has taken the id from a good one")
	}
}

// The keys announced last verify with tables; memory is bounded.
func TestOnlyTheLastKeysHaveTables(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	var records []revocation.Record
	for id := range tokens.KeyID(20) {
		records = append(records, revocation.Record{Kind: revocation.KindAnnounceKey, Key: id, Public: signing.NewKey([32]byte{byte(id)}).Public()})
	}
	h.send(revocation.Applied, 0, 1, 1, start, records...)
	for id := range tokens.KeyID(20) {
		if has := h.Key(id).HasTables(); has != (id >= 4) {
			t.Errorf("key %d of 20 has tables: %v", id, has)
		}
	}
}

func TestFreshnessDoesNotAllocate(t *testing.T) {
	h := newHarness(t, 3)
	if n := testing.AllocsPerRun(100, func() { h.Freshness(start) }); n != 0 {
		t.Fatalf("Freshness allocates %v times", n)
	}
}

// Only new revocations are timed: not those that were in the log before the start, and not repetitions.
func TestDelayOfRevocationsIsMeasured(t *testing.T) {
	at := func(index uint32, ms int64) revocation.Record {
		return revocation.Record{Kind: revocation.KindRevoke, At: ms, Serial: tokens.Serial{Day: serial.Day, Index: index}}
	}
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 1)
	h.send(revocation.Applied, 0, 1, 1, start-3600_000, at(1, start-7200_000))
	h.SetPosition(0, 1)
	h.send(revocation.Applied, 0, 1, 2, start)
	h.state(start, revocation.Fresh)
	h.send(revocation.Applied, 0, 1, 2, start+100, at(2, start+93), at(3, start-50), at(1, start-7200_000), at(4, start+200))
	d := h.Status(start + 100).Counts.Delay
	atMost, total := d.Cumulative()
	if total != 3 || atMost[0.001] != 1 || atMost[0.01] != 2 || atMost[0.1] != 2 || atMost[0.2] != 3 || d.SumMS != 7+150 {
		t.Fatalf("%d timed, %v, sum %d ms", total, atMost, d.SumMS)
	}
}
