package revocation_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest/vectors"
	"github.com/railgate/railgate/tokens"
)

const (
	vectorDir = "testdata/vectors"
	// fewest is the least number of vectors; fewer means that the folder was lost.
	fewest = 130
)

func readVectors(t testing.TB) []*vectors.Vector {
	t.Helper()
	all, err := vectors.ReadFolder(vectorDir, fewest)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Every vector has its outcomes and its final state through every way into the package: message by message,
// several at once, and with a snapshot saved and restored.
func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			for _, way := range []string{"alone", "together", "restored"} {
				r := readerOf(t, v)
				if way == "together" {
					applyRuns(r, v)
				} else {
					for i, m := range v.Messages {
						if got := r.Apply(m.Partition, rawOf(t, m), m.NowMS); got.String() != m.Outcome {
							t.Errorf("message %d: %s, want %s", i, got, m.Outcome)
						}
					}
				}
				checkOutcomes(t, v, r)
				now := v.SinceMS
				if n := len(v.Messages); n > 0 {
					now = v.Messages[n-1].NowMS
				}
				suspect := r.ClockBehind() != 0
				for p := range v.Partitions {
					r.SetTargetOffset(p, 0)
					suspect = !r.SetPosition(p, 1) || suspect
				}
				if suspect != v.Expect.Suspect {
					t.Errorf("%s: suspect %v, waiting for %q", way, suspect, r.Status(now).Waiting)
				}
				if s, ok := r.Snapshot("t", now); ok && way == "restored" {
					back, err := revocation.DecodeSnapshot(s.Encode())
					if err != nil {
						t.Fatal(err)
					}
					r = readerOf(t, v)
					if err := r.Restore(back, "t", now); err != nil {
						t.Fatal(err)
					}
				}
				checkExpectations(t, way, v, r, now)
			}
		})
	}
}

func readerOf(t *testing.T, v *vectors.Vector) *revocation.Replica {
	t.Helper()
	r, err := revocation.NewReplica(authorityOf(t, v), v.Partitions, revocation.Limits{}, v.SinceMS)
	if err != nil {
		t.Fatal(err)
	}
	r.Bookings = new(bookingList)
	return r
}

func domainOf(t testing.TB, v *vectors.Vector) revocation.Domain {
	t.Helper()
	d, ok := map[string]revocation.Domain{"": revocation.Control, "bookings": revocation.Bookings}[v.Domain]
	if !ok {
		t.Fatalf("domain %q", v.Domain)
	}
	return d
}

func rawOf(t testing.TB, m vectors.Message) []byte {
	t.Helper()
	raw, err := hex.DecodeString(m.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// applyRuns applies each run of messages of one partition and one moment with ApplyAll.
func applyRuns(r *revocation.Replica, v *vectors.Vector) {
	for rest := v.Messages; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Partition == rest[0].Partition && rest[n].NowMS == rest[0].NowMS {
			n++
		}
		raws := make([][]byte, n)
		for i, m := range rest[:n] {
			raws[i], _ = hex.DecodeString(m.Raw)
		}
		r.ApplyAll(rest[0].Partition, raws, rest[0].NowMS)
		rest = rest[n:]
	}
}

// checkOutcomes compares the outcomes without their order.
func checkOutcomes(t *testing.T, v *vectors.Vector, r *revocation.Replica) {
	t.Helper()
	want := map[string]uint64{}
	for _, m := range v.Messages {
		want[m.Outcome]++
	}
	s := r.Status(v.SinceMS)
	for _, o := range revocation.Outcomes() {
		if got := s.Counts.Outcomes[o]; got != want[o.String()] {
			t.Errorf("%d messages %s, want %d", got, o, want[o.String()])
		}
	}
	if got := s.Counts.Unknown; got != uint64(v.Expect.UnknownKinds) {
		t.Errorf("%d unknown records, want %d", got, v.Expect.UnknownKinds)
	}
}

// checkExpectations compares everything that a reader can be queried for.
func checkExpectations(t *testing.T, way string, v *vectors.Vector, r *revocation.Replica, now int64) {
	t.Helper()
	e, s := v.Expect, r.Status(now)
	if f := r.Freshness(now); f.WatermarkMS != e.WatermarkMS {
		t.Errorf("%s: watermark %d, want %d", way, f.WatermarkMS, e.WatermarkMS)
	}
	serial := func(text string) tokens.Serial {
		s, err := tokens.ParseSerial(text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for list, want := range map[*[]string]bool{&e.Revoked: true, &e.NotRevoked: false} {
		for _, text := range *list {
			if got := r.Revoked(serial(text)); got != want {
				t.Errorf("%s: %s revoked %v, want %v", way, text, got, want)
			}
		}
	}
	for _, c := range e.ClosedSessions {
		if n := serial(c.Serial); !r.Closed(n, c.Start, c.ClosedAt) || r.Closed(n, c.Start, c.ClosedAt-1) {
			t.Errorf("%s: session %s of %d is not closed exactly in its second", way, c.Serial, c.Start)
		}
	}
	for _, c := range e.OpenSessions {
		if r.Closed(serial(c.Serial), c.Start, tokens.Never) {
			t.Errorf("%s: session %s of %d is closed", way, c.Serial, c.Start)
		}
	}
	for _, k := range e.Keys {
		key := r.Key(tokens.KeyID(k.ID))
		if key == nil || hex.EncodeToString(key.Public[:]) != k.Public || (k.Cutoff == nil) != (key.Cutoff == tokens.Never) || k.Cutoff != nil && key.Cutoff != *k.Cutoff {
			t.Errorf("%s: key %d is %+v", way, k.ID, key)
			continue
		}
		for _, text := range k.Exempt {
			if !key.Exempted.Has(serial(text)) {
				t.Errorf("%s: %s is not exempt under key %d", way, text, k.ID)
			}
		}
	}
	for _, c := range e.SubjectCutoffs {
		var subject tokens.Subject
		if n, err := hex.Decode(subject[:], []byte(c.Subject)); n != len(subject) || err != nil || r.Cutoff(subject) != c.EarliestStart {
			t.Errorf("%s: subject %s has the cutoff %d, want %d", way, c.Subject, r.Cutoff(subject), c.EarliestStart)
		}
	}
	checkPassages(t, way, v, r)
	if s.Revoked != len(e.Revoked) || s.Closed != len(e.ClosedSessions) || s.Keys != len(e.Keys) || s.Subjects != len(e.SubjectCutoffs) {
		t.Errorf("%s: %d revoked, %d sessions closed, %d keys, %d subjects; want %d, %d, %d, %d", way,
			s.Revoked, s.Closed, s.Keys, s.Subjects, len(e.Revoked), len(e.ClosedSessions), len(e.Keys), len(e.SubjectCutoffs))
	}
}

// OpenBatch returns for each message the error that matches Apply's outcome, and a batch of known records is
// encoded again to the same bytes.
func TestVectorsOpenAndEncodeToTheSameBytes(t *testing.T) {
	written := 0
	for _, v := range readVectors(t) {
		authority := authorityOf(t, v)
		for i, m := range v.Messages {
			raw := rawOf(t, m)
			b, err := revocation.OpenBatch(raw, authority)
			want := map[string]error{"unreadable": revocation.ErrForm, "forged": revocation.ErrSignature, "wrong_authority": revocation.ErrAuthority, "newer_version": revocation.ErrNewer}[m.Outcome]
			if m.Outcome == "past_heartbeat" {
				want = revocation.ErrSignature // which Apply does not check
			}
			if !errors.Is(err, want) {
				t.Errorf("%s, message %d: %v, want %v", v.Name, i, err, want)
			}
			if b == nil || v.Expect.UnknownKinds > 0 {
				continue
			}
			var records []revocation.Record
			for _, r := range b.Records() {
				records = append(records, r)
			}
			again, err := b.Encode([4]byte(raw[4:8]), records)
			if err != nil || !bytes.Equal(again, raw[:len(raw)-64]) {
				t.Errorf("%s, message %d: encoded again it differs: %v", v.Name, i, err)
			}
			written++
		}
	}
	if written < 50 {
		t.Errorf("only %d batches were encoded again", written)
	}
}

// The committed vectors equal the generator's output, byte by byte.
func TestVectorsEqualTheGeneratorsOutput(t *testing.T) {
	committed := map[string]bool{}
	for _, v := range readVectors(t) {
		committed[v.Name] = true
	}
	for _, v := range vectors.All() {
		file, err := os.ReadFile(filepath.Join(vectorDir, v.Name+".json"))
		if err != nil || !bytes.Equal(file, v.File()) {
			t.Errorf("%s differs from the output of go generate ./revocation/...: %v", v.Name, err)
		}
		delete(committed, v.Name)
	}
	for name := range committed {
		t.Errorf("%s is committed but not generated", name)
	}
}

// Every outcome has a vector.
func TestVectorsCoverEveryOutcome(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range readVectors(t) {
		for _, m := range v.Messages {
			seen[m.Outcome] = true
		}
	}
	if missing := slices.DeleteFunc(revocation.Outcomes(), func(o revocation.Outcome) bool { return seen[o.String()] }); len(missing) > 0 {
		t.Errorf("no vector has the outcomes %v", missing)
	}
}
