package revocation_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

const changesAt = int64(1_770_681_600_000) // Unix ms

func changedSerials(list []revocation.Change) (serials []string) {
	for _, c := range list {
		serials = append(serials, c.Kind.String()+" "+c.Serial.String())
	}
	return serials
}

func logging(most int) *revocationtest.Feed {
	f := revocationtest.NewFeed(changesAt)
	f.Replica.KeepChanges(most)
	return f
}

func TestChangesSinceAWatermark(t *testing.T) {
	f := logging(100)
	serial := func(index uint32) tokens.Serial {
		return tokens.Serial{Day: uint16(tokens.DayOf(changesAt / 1000)), Index: index}
	}
	f.Revoke(changesAt+10, serial(1))
	f.Revoke(changesAt+20, serial(2))
	f.Revoke(changesAt+20, serial(2)) // no effect
	f.Apply(changesAt+30, revocation.Record{Kind: revocation.KindUnrevoke, Serial: serial(1)},
		revocation.Record{Kind: revocation.KindRevokeSubject, Subject: tokens.Subject{1}, Cutoff: changesAt / 1000},
		revocation.Record{Kind: revocation.KindForgive, At: changesAt, Serial: serial(3)},
		revocation.Record{Kind: revocation.KindRevokeSession, At: changesAt, Serial: serial(4), Start: changesAt/1000 - 60})
	for since, want := range map[int64][]string{
		changesAt + 1:  {"revoke 20494-1", "revoke 20494-2", "unrevoke 20494-1", "revoke_subject 0-0", "forgive 20494-3", "revoke_session 20494-4"},
		changesAt + 20: {"revoke 20494-2", "unrevoke 20494-1", "revoke_subject 0-0", "forgive 20494-3", "revoke_session 20494-4"},
		changesAt + 30: {"unrevoke 20494-1", "revoke_subject 0-0", "forgive 20494-3", "revoke_session 20494-4"},
		changesAt + 31: nil,
	} {
		list, ok := f.Replica.ChangesSince(since)
		if got := changedSerials(list); !ok || !slices.Equal(got, want) {
			t.Errorf("since %d: %v %q, want %q", since-changesAt, ok, got, want)
		}
	}
	if _, ok := revocationtest.NewFeed(changesAt).Replica.ChangesSince(changesAt); ok {
		t.Error("a replica that keeps no log knows all changes")
	}
}

// The log is bounded. It says that it does not reach back instead of leaving changes out.
func TestChangesThatNoLongerFit(t *testing.T) {
	f := logging(4)
	for i := range int64(10) {
		f.Revoke(changesAt+10*i+1, tokens.Serial{Day: uint16(tokens.DayOf(changesAt / 1000)), Index: uint32(i)})
	}
	if list, ok := f.Replica.ChangesSince(changesAt + 52); !ok || len(list) != 4 || list[0].Serial.Index != 6 {
		t.Errorf("the last four: %v %q", ok, changedSerials(list))
	}
	if list, ok := f.Replica.ChangesSince(changesAt + 51); ok {
		t.Errorf("five changes from a log of four: %q", changedSerials(list))
	}
	s, ok := f.Replica.Snapshot("t", changesAt+100)
	if !ok {
		t.Fatal("no snapshot")
	}
	restored, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, changesAt+100)
	if err != nil {
		t.Fatal(err)
	}
	restored.KeepChanges(100)
	if err := restored.Restore(s, "t", changesAt+100); err != nil {
		t.Fatal(err)
	}
	if _, ok := restored.ChangesSince(changesAt + 91); ok {
		t.Error("a restored replica knows the changes before its snapshot")
	}
	if _, ok := restored.ChangesSince(changesAt + 92); !ok {
		t.Error("a restored replica does not know the changes after its snapshot")
	}
}

// Two gateways read two partitions in different orders. What one has at a watermark, together with the changes
// of the other since that watermark, is what the other has.
func TestChangesOfAnotherGateway(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	day := uint16(tokens.DayOf(changesAt / 1000))
	for range 200 {
		var logs [2][][]byte
		next := [2]uint64{1, 1}
		at := changesAt
		for range 40 {
			p := r.IntN(2)
			at += r.Int64N(50)
			kind := []revocation.Kind{revocation.KindRevoke, revocation.KindUnrevoke}[r.IntN(2)]
			record := revocation.Record{Kind: kind, At: at, Serial: tokens.Serial{Day: day, Index: uint32(2*r.IntN(8) + p)}}
			logs[p] = append(logs[p], revocationtest.Seal(revocation.Batch{Epoch: 1, Partition: uint16(p), First: next[p], IssuedAt: at, Through: at - r.Int64N(20)}, record))
			next[p]++
		}
		read := func(replica *revocation.Replica, upTo [2]int) {
			for p := range logs {
				for i, raw := range logs[p][:upTo[p]] {
					replica.Apply(p, raw, at)
					replica.SetPosition(p, int64(i+1))
				}
			}
		}
		replica := func() *revocation.Replica {
			replica, err := revocation.NewReplica(revocationtest.Pinned(), 2, revocation.Limits{}, changesAt-1)
			if err != nil {
				t.Fatal(err)
			}
			replica.KeepChanges(1000)
			return replica
		}
		one, other := replica(), replica()
		read(one, [2]int{r.IntN(len(logs[0]) + 1), r.IntN(len(logs[1]) + 1)})
		read(other, [2]int{len(logs[0]), len(logs[1])})
		watermark := one.Contents(at).Freshness.WatermarkMS
		if watermark == 0 {
			continue
		}
		changes, ok := other.ChangesSince(watermark)
		if !ok {
			t.Fatal("the log does not reach back")
		}
		have := map[tokens.Serial]bool{}
		for s := range one.Contents(at).Revoked.All() {
			have[s] = true
		}
		for _, c := range changes {
			have[c.Serial] = other.Revoked(c.Serial)
		}
		for index := range uint32(16) {
			s := tokens.Serial{Day: day, Index: index}
			if have[s] != other.Revoked(s) {
				t.Fatalf("%s: revoked %v, want %v; watermark %d, %q", s, have[s], other.Revoked(s), watermark-changesAt, changedSerials(changes))
			}
		}
	}
}
