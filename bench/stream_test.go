package bench

import (
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// nowMS is an hour before the last of the three days begins, Unix ms: the credentials of all three
// can be valid then.
var nowMS = (tokens.DayStart(tokens.DayOf(now)) - 3600) * 1000

// log returns the half million revocations as messages of perMessage records each.
func log(perMessage int) (messages [][]byte) {
	serials := theRevoked().serials
	for first := 0; first < len(serials); first += perMessage {
		var records []revocation.Record
		for _, s := range serials[first:min(first+perMessage, len(serials))] {
			records = append(records, revocation.Record{Kind: revocation.KindRevoke, At: nowMS, Serial: s})
		}
		messages = append(messages, revocationtest.Seal(
			revocation.Batch{Epoch: 1, First: uint64(first) + 1, IssuedAt: nowMS, Through: nowMS}, records...))
	}
	return messages
}

func newReplica(tb testing.TB) *revocation.Replica {
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, nowMS-1)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func replay(tb testing.TB, messages [][]byte) *revocation.Replica {
	r := newReplica(tb)
	r.SetTargetOffset(0, int64(len(messages)))
	for i, m := range messages {
		if o := r.Apply(0, m, nowMS); o != revocation.Applied {
			tb.Fatalf("message %d: %s", i, o)
		}
	}
	r.SetPosition(0, int64(len(messages)))
	return r
}

// BenchmarkReplay applies 20,480 records of a log: with one signature for a message of 1,024
// records, and in the plain way with one for each record.
func BenchmarkReplay(b *testing.B) {
	const records = 20 * revocation.MaxRecords
	for _, c := range []struct {
		name     string
		messages [][]byte
	}{{"ours", log(revocation.MaxRecords)[:20]}, {"plain-signature-each", log(1)[:records]}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				replay(b, c.messages)
			}
			b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkBoot prepares a replica of 50 million credentials, 1 % revoked, for following: from a
// snapshot's bytes, and in the plain way from the log.
func BenchmarkBoot(b *testing.B) {
	messages := log(revocation.MaxRecords)
	snapshot, ok := replay(b, messages).Snapshot("t", nowMS)
	if !ok {
		b.Fatal("no snapshot")
	}
	raw := snapshot.Encode()
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, err := revocation.DecodeSnapshot(raw)
			if err != nil {
				b.Fatal(err)
			}
			if err := newReplica(b).Restore(s, "t", nowMS); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(raw)), "file-B")
	})
	b.Run("plain-log", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			replay(b, messages)
		}
	})
}

func TestBootAndReplayAgree(t *testing.T) {
	replayed := replay(t, log(revocation.MaxRecords))
	s, ok := replayed.Snapshot("t", nowMS)
	if !ok {
		t.Fatal("no snapshot")
	}
	booted := newReplica(t)
	if err := booted.Restore(s, "t", nowMS); err != nil {
		t.Fatal(err)
	}
	for _, serial := range theRevoked().queries {
		if booted.Revoked(serial) != replayed.Revoked(serial) {
			t.Fatalf("%s differs", serial)
		}
	}
	if n := booted.Status(nowMS).Revoked; n != revokedCount {
		t.Fatalf("%d revoked, want %d", n, revokedCount)
	}
}
