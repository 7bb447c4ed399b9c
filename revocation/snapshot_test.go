package revocation_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
	"github.com/railgate/railgate/tokens/tokentest"
)

// filled is a replica that serves, with keys and revocations on two days.
func filled(t *testing.T) (*revocationtest.Feed, []tokens.Serial) {
	t.Helper()
	f := revocationtest.NewFeed(start, tokentest.NewIssuer(7).Key(), tokens.Key{ID: 9, Public: signing.NewKey([32]byte{9}).Public(), Cutoff: 77})
	rng := rand.New(rand.NewPCG(3, 4))
	var serials []tokens.Serial
	for range 300 {
		s := tokens.Serial{Day: serial.Day - uint16(rng.IntN(2)), Index: uint32(rng.IntN(1 << 20))}
		f.Revoke(start, s)
		serials = append(serials, s)
	}
	return f, serials
}

func TestSnapshotRestoresEverything(t *testing.T) {
	f, serials := filled(t)
	s, ok := f.Replica.Snapshot("t", start+5)
	if !ok {
		t.Fatal("a fresh replica gives no snapshot")
	}
	raw := s.Encode()
	back, err := revocation.DecodeSnapshot(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back.Encode(), raw) {
		t.Fatal("a snapshot has two encodings")
	}
	r, err := revocation.NewReplica(revocationtest.Pinned(), 1, revocation.Limits{}, start+10)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Restore(back, "t", start+10); err != nil {
		t.Fatal(err)
	}
	for _, s := range serials {
		if !r.Revoked(s) {
			t.Fatalf("%s is not revoked any more", s)
		}
	}
	was, is := f.Replica.Status(start), r.Status(start)
	if was.Revoked != is.Revoked || was.Bytes != is.Bytes || is.Keys != 2 || r.Key(9).Cutoff != 77 {
		t.Fatalf("restored %d serials in %d bytes and %d keys; there were %d in %d", is.Revoked, is.Bytes, is.Keys, was.Revoked, was.Bytes)
	}
	if is.Partitions[0].Next != was.Partitions[0].Next || is.Partitions[0].Position != was.Partitions[0].Position {
		t.Fatalf("continues at %+v, was at %+v", is.Partitions[0], was.Partitions[0])
	}
	if is.State != revocation.Booting {
		t.Fatalf("state %s: old signs of life must not make a replica ready", is.State)
	}
}

// Any damage to the file is detected.
func TestDamagedSnapshotIsRefused(t *testing.T) {
	f, _ := filled(t)
	s, _ := f.Replica.Snapshot("t", start)
	raw := s.Encode()
	for i := 0; i < len(raw); i += 1 + i/64 { // the fault suite covers every byte
		raw[i] ^= 1 << (i % 8)
		if _, err := revocation.DecodeSnapshot(raw); err == nil {
			t.Fatalf("accepted with byte %d changed", i)
		}
		raw[i] ^= 1 << (i % 8)
		if _, err := revocation.DecodeSnapshot(raw[:i]); err == nil {
			t.Fatalf("accepted when cut to %d bytes", i)
		}
	}
	if _, err := revocation.DecodeSnapshot(append(bytes.Clone(raw), 0)); err == nil {
		t.Fatal("accepted with a byte more")
	}
}

func TestOnlyAMatchingSnapshotIsRestored(t *testing.T) {
	f, _ := filled(t)
	s, _ := f.Replica.Snapshot("t", start)
	for name, c := range map[string]struct {
		topic      string
		partitions int
		now        int64
	}{
		"another topic":      {"u", 1, start},
		"another width":      {"t", 2, start},
		"from the future":    {"t", 1, start - 60_000},
		"older than any use": {"t", 1, start + revocation.MaxSnapshotAge.Milliseconds() + 1},
	} {
		r, err := revocation.NewReplica(revocationtest.Pinned(), c.partitions, revocation.Limits{}, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Restore(s, c.topic, c.now); err == nil {
			t.Errorf("%s: restored", name)
		}
		if st := r.Status(c.now); st.Revoked != 0 || st.Keys != 0 {
			t.Errorf("%s: refused, and yet %d serials are revoked", name, st.Revoked)
		}
	}
}

func TestNoSnapshotWhileBootingOrSuspect(t *testing.T) {
	h := newHarness(t, 1)
	if _, ok := h.Snapshot("t", start); ok {
		t.Error("a snapshot while booting")
	}
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start)
	h.send(revocation.Gap, 0, 1, 5, start)
	if _, ok := h.Snapshot("t", start); ok {
		t.Error("a snapshot while suspect")
	}
}

// A snapshot contains the signed batches that its keys came from. Write access to the file adds no key, no
// cutoff and no exemption, and a refused snapshot changes nothing.
func TestKeysInASnapshotAreVerified(t *testing.T) {
	feed, _ := filled(t)
	exempted := tokens.Serial{Day: serial.Day, Index: 77}
	feed.Apply(start, revocation.Record{Kind: revocation.KindExempt, Key: 9, Serial: exempted})
	s, _ := feed.Replica.Snapshot("t", start)
	if keys, err := s.Keys(revocationtest.Pinned()); err != nil || len(keys) != 2 || keys[1].Cutoff != 77 || !keys[1].Exempted.Has(exempted) {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	planted := revocation.Record{Kind: revocation.KindAnnounceKey, Key: 66, Public: signing.NewKey([32]byte{66}).Public()}
	genuine := s.Proofs[0]
	message, err := (&revocation.Batch{Epoch: 1, First: 1, IssuedAt: start}).Encode(revocationtest.Pinned().ID(), []revocation.Record{planted})
	if err != nil {
		t.Fatal(err)
	}
	mine := signing.NewKey([32]byte{6})
	signature, err := mine.Sign(message)
	if err != nil {
		t.Fatal(err)
	}
	another := bytes.Clone(genuine)
	another[4] ^= 1
	changed := bytes.Clone(genuine)
	changed[len(changed)-70] ^= 1
	for name, proof := range map[string][]byte{
		"signed by another key":       append(message, signature[:]...),
		"of another authority":        another,
		"a genuine one, changed":      changed,
		"a genuine one, cut":          genuine[:len(genuine)-1],
		"of a version that is no key": revocationtest.SealVersion('2', []byte("key")),
		"nothing":                     nil,
	} {
		bad := *s
		bad.Proofs = append(append([][]byte{}, s.Proofs...), proof)
		back, err := revocation.DecodeSnapshot(bad.Encode())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		h := newHarness(t, 1)
		if err := h.Restore(back, "t", start); !errors.Is(err, revocation.ErrSnapshotKeys) {
			t.Errorf("%s: %v", name, err)
		}
		if st := h.Status(start); st.Keys != 0 || st.Revoked != 0 || h.Key(66) != nil {
			t.Errorf("%s: refused, and yet there are %d keys", name, st.Keys)
		}
		if _, err := back.Keys(revocationtest.Pinned()); !errors.Is(err, revocation.ErrSnapshotKeys) {
			t.Errorf("%s, shown: %v", name, err)
		}
	}
}

// Only batches that changed the keyring are kept, and exemptions only until their day is over.
func TestSnapshotKeepsOnlyTheBatchesItsKeysNeed(t *testing.T) {
	feed, _ := filled(t)
	feed.Apply(start, revocation.Record{Kind: revocation.KindExempt, Key: 9, Serial: serial})
	announce := revocation.Record{Kind: revocation.KindAnnounceKey, Key: 7, Public: tokentest.NewIssuer(7).Signer.Public()}
	for range 5 {
		feed.Apply(start, announce) // as every day
	}
	proofs := func(now int64) int {
		t.Helper()
		s, ok := feed.Replica.Snapshot("t", now)
		if !ok {
			t.Fatal("no snapshot")
		}
		return len(s.Proofs)
	}
	if n := proofs(start); n != 2 {
		t.Errorf("%d batches, want the announcement and the exemption", n)
	}
	over := tokens.DayOver(serial.Day)*1000 + revocation.Afterlife.Milliseconds()
	feed.Apply(over)
	feed.Replica.Forget(over)
	if n := proofs(over); n != 1 {
		t.Errorf("%d batches after the exempt serial's day, want 1", n)
	}
}

func TestSnapshotOfAnotherVersionIsNamed(t *testing.T) {
	f, _ := filled(t)
	s, _ := f.Replica.Snapshot("t", start)
	raw := s.Encode()
	raw[3] = '2'
	if _, err := revocation.DecodeSnapshot(raw); !errors.Is(err, revocation.ErrSnapshotVersion) {
		t.Errorf("the format of an earlier release: %v", err)
	}
}

func FuzzDecodeSnapshot(f *testing.F) {
	feed := revocationtest.NewFeed(start, tokentest.NewIssuer(7).Key())
	feed.Apply(start, closeRecord(serial, startSecond, start), closeRecord(serial, startSecond-900, start), closeRecord(tokens.Serial{Day: serial.Day - 1, Index: 1}, startSecond, start))
	s, _ := feed.Replica.Snapshot("t", start)
	raw := s.Encode()
	f.Add(raw[:len(raw)-32])
	feed.Announce(start, 1)
	feed.Apply(start, forgive(serial, start), forgive(indexed(7), 1), amnesty(revocation.Station{}, startSecond, startSecond+1, 1), amnesty(revocation.Station{1}, startSecond, startSecond+1, 3),
		endAmnesty(amnesty(revocation.Station{2}, startSecond, startSecond+9, 3), startSecond+4))
	s, _ = feed.Replica.Snapshot("t", start)
	raw = s.Encode()
	f.Add(raw[:len(raw)-32])
	f.Add([]byte("RGS4" + strings.Repeat("\x00", 8+1+4+2+2+4+4+4+2)))
	f.Add([]byte("RGS3" + strings.Repeat("\x00", 8+4+2+2+4+4+2)))
	f.Fuzz(func(t *testing.T, body []byte) {
		sealed := revocationtest.SealSnapshot(body) // otherwise the checksum would stop the fuzzer
		s, err := revocation.DecodeSnapshot(sealed)
		if err != nil {
			return
		}
		again := s.Encode()
		if s.Whole() && !bytes.Equal(again, sealed) {
			t.Fatal("a snapshot has two encodings")
		}
		if _, err := revocation.DecodeSnapshot(again); err != nil {
			t.Fatalf("encoded again it is not readable: %v", err)
		}
	})
}
