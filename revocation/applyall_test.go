package revocation_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// Messages applied with ApplyAll have the same effect as one by one: the same outcomes and the same replica,
// for any mixture.
func TestApplyAllEqualsApply(t *testing.T) {
	random := rand.New(rand.NewPCG(71, 72))
	for range 40 {
		script := randomLog(random)
		one, all := newReplica(t), newReplica(t)
		for _, m := range script {
			one.Apply(0, m, start)
		}
		for rest := script; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(2*revocation.VerifyChunk))
			all.ApplyAll(0, rest[:n], start)
			rest = rest[n:]
		}
		for _, r := range []*revocation.Replica{one, all} {
			r.SetPosition(0, int64(len(script)))
		}
		wanted, got := one.Status(start), all.Status(start)
		if !reflect.DeepEqual(wanted, got) {
			t.Fatalf("one by one\n%+v, with ApplyAll\n%+v", wanted, got)
		}
		a, readyA := one.Snapshot("t", start)
		b, readyB := all.Snapshot("t", start)
		if readyA != readyB || readyA && !bytes.Equal(a.Encode(), b.Encode()) {
			t.Fatalf("the replicas differ; ready %v and %v", readyA, readyB)
		}
	}
}

func newReplica(t *testing.T) *revocation.Replica {
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, start-5000)
	if err != nil {
		t.Fatal(err)
	}
	r.SetTargetOffset(0, 1)
	return r
}

// randomLog is a log with everything that can occur: heartbeats from before and after the start, repetitions,
// gaps, new epochs, damage, signatures of another authority.
func randomLog(random *rand.Rand) (script [][]byte) {
	b := revocation.Batch{Epoch: 1, First: 1, IssuedAt: start - 10_000, Through: start - 10_000}
	for range 50 + random.IntN(200) {
		var records []revocation.Record
		for range random.IntN(4) {
			kind := revocation.KindRevoke
			if random.IntN(3) == 0 {
				kind = revocation.KindUnrevoke
			}
			records = append(records, revocation.Record{Kind: kind, At: b.IssuedAt,
				Serial: tokens.Serial{Day: serial.Day, Index: uint32(random.IntN(50))}})
		}
		m := revocationtest.Seal(b, records...)
		switch random.IntN(14) {
		case 0:
			m[random.IntN(len(m))] ^= 1 << random.IntN(8)
		case 1:
			m = m[:random.IntN(len(m))]
		case 2:
			m = nil
		case 3:
			other := b
			other.Partition = 1
			m = revocationtest.Seal(other)
		case 4:
			b.First += uint64(random.IntN(3)) // possibly a gap
		case 5:
			if random.IntN(8) == 0 {
				b.Epoch, b.First = b.Epoch+1, 1
			}
		case 6:
			m = revocationtest.SealVersion('2', []byte{byte(random.IntN(256))})
			m[random.IntN(len(m))] ^= byte(random.IntN(2))
		case 7:
			later := b
			later.IssuedAt = start + revocation.MaxSkew.Milliseconds() + int64(random.IntN(2000))
			m = revocationtest.Seal(later, records...)
		}
		script = append(script, m)
		if random.IntN(5) > 0 { // otherwise the next message repeats the numbers
			b.First += uint64(len(records))
		}
		b.IssuedAt += int64(random.IntN(200))
		b.Through = b.IssuedAt
	}
	return script
}
