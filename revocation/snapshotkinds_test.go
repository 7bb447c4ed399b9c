package revocation_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// Earlier releases skipped some kinds of record, so their snapshots lack what these say: the content is used,
// and the log is read from its start.
func TestSnapshotOfAnEarlierReleaseIsUsedAndTheLogIsRead(t *testing.T) {
	f, serials := filled(t)
	f.Apply(start, closeRecord(serial, startSecond, start))
	s, _ := f.Replica.Snapshot("t", start)
	if !s.Whole() {
		t.Error("a snapshot of this release is not whole")
	}
	raw := s.Encode()
	// RGS5: kinds up to 12.
	five := slices.Clone(raw[:len(raw)-32])
	five[3] = '5'
	// RGS4: kinds up to 7, and no forgiven serials and amnesties between closed sessions and days.
	four := slices.Clone(raw[:len(raw)-32])
	four[3], four[12] = '4', byte(revocation.KindRevokeSession)
	slice := []byte{0, 0, 0, 1, 0, 0x2d, 0x07, 0xe0} // one slice, and its number
	if n := bytes.Count(four, slice); n != 1 {
		t.Fatalf("the slice is found %d times", n)
	}
	sessions, after := bytes.Index(four, slice), bytes.Index(four, slice)+4+4+4+8
	four = slices.Delete(four, after, after+4+4)
	lying := slices.Clone(four)
	lying[12] = byte(revocation.KindAmnesty)
	// RGS3: no closed sessions either, and no byte for kinds after the time.
	three := slices.Delete(slices.Clone(four), sessions, after)
	three[3] = '3'
	three = slices.Delete(three, 12, 13)
	for name, body := range map[string][]byte{"RGS5 that claims later kinds": five, "RGS3": three, "RGS4": four, "RGS4 that claims later kinds": lying} {
		back, err := revocation.DecodeSnapshot(revocationtest.SealSnapshot(body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if back.Whole() {
			t.Errorf("%s counts as whole", name)
		}
		r := newHarness(t, 1)
		if err := r.Restore(back, "t", start); err != nil {
			t.Fatal(err)
		}
		for _, s := range serials {
			if !r.Revoked(s) {
				t.Fatalf("%s: %s is lost", name, s)
			}
		}
		if got := r.Closed(serial, startSecond, startSecond); got != (body[3] >= '4') {
			t.Errorf("%s: session closed %v", name, got)
		}
		if _, goesOn := r.ResumeOffset(0); goesOn {
			t.Fatalf("%s: the log is not read from its start", name)
		}
		if st := r.Status(start); st.State != revocation.Booting || st.Usable || st.Keys != 2 {
			t.Errorf("%s: %s, usable %v, %d keys", name, st.State, st.Usable, st.Keys)
		}
		// The position in the numbering stays known: an old copy of the log is not enough.
		r.SetTargetOffset(0, 0)
		r.send(revocation.Applied, 0, 1, 1, start)
		if st := r.Status(start); st.State != revocation.Booting || !strings.Contains(st.Waiting[0], "an old copy?") {
			t.Errorf("%s: %s, waiting for %q", name, st.State, st.Waiting)
		}
	}
}

// A snapshot restores forgiven serials and amnesties.
func TestSnapshotKeepsForgivenSerialsAndAmnesties(t *testing.T) {
	f := revocationtest.NewFeed(start)
	station := revocation.StationOf("北京南")
	f.Announce(start, 0, 3)
	for i := range 600 {
		f.Apply(start, forgive(tokens.Serial{Day: serial.Day - uint16(i%2), Index: uint32(i * 3)}, start+int64(i)))
	}
	f.Apply(start, withdraw(3, 5), amnesty(station, startSecond, startSecond+60, tokens.AllScopes), amnesty(revocation.Station{}, startSecond, startSecond+9, 1),
		endAmnesty(amnesty(station, startSecond, startSecond+60, tokens.AllScopes), startSecond+40), endAmnesty(amnesty(station, startSecond, startSecond+70, 1), startSecond))
	s, _ := f.Replica.Snapshot("t", start)
	raw := s.Encode()
	back, err := revocation.DecodeSnapshot(raw)
	if err != nil || !back.Whole() || !bytes.Equal(back.Encode(), raw) {
		t.Fatalf("decoded with %v, whole %v, and encoded differently", err, back.Whole())
	}
	r := newHarness(t, 1)
	if err := r.Restore(back, "t", start); err != nil {
		t.Fatal(err)
	}
	if _, goesOn := r.ResumeOffset(0); !goesOn {
		t.Error("a snapshot of this release has no resume offset")
	}
	was, is := f.Replica.Status(start), r.Status(start)
	if is.Forgiven != 600 || is.Amnesties != 3 || is.Gateways != 2 || is.Bytes != was.Bytes {
		t.Fatalf("%d forgiven, %d amnesties, %d gateways in %d bytes, was %d", is.Forgiven, is.Amnesties, is.Gateways, is.Bytes, was.Bytes)
	}
	for _, f := range back.Forgiven() {
		if until := int64(start) + int64(f.Serial.Index)/3; f.Until != until || r.Forgiven(f.Serial) != until {
			t.Fatalf("%s is forgiven until %d, want %d", f.Serial, r.Forgiven(f.Serial), until)
		}
	}
	if !reflect.DeepEqual(r.Amnesties(), f.Replica.Amnesties()) || len(back.Forgiven()) != 600 || len(back.Amnesties()) != 2 {
		t.Errorf("amnesties %v, were %v", r.Amnesties(), f.Replica.Amnesties())
	}
	if !r.Amnesty(station, tokens.Entry, startSecond+39) || r.Amnesty(station, tokens.Entry, startSecond+40) {
		t.Error("the amnesty has no effect, or does not end early")
	}
	if all, err := back.Gateways(revocationtest.Pinned()); err != nil || len(all) != 2 || all[1].ID != 3 || all[1].Cutoff != 5 {
		t.Errorf("gateways %+v, %v", all, err)
	}
	// Records after a restart go on from the restored state.
	r.SetTargetOffset(0, 0)
	r.send(revocation.Applied, 0, 1, was.Partitions[0].Next, start, forgive(indexed(0), start-1), forgive(indexed(1), start),
		amnesty(station, startSecond, startSecond+60, tokens.AllScopes), amnesty(station, startSecond, startSecond+70, 1))
	if !reflect.DeepEqual(r.Amnesties(), f.Replica.Amnesties()) {
		t.Errorf("declared again, amnesties are %v, were %v", r.Amnesties(), f.Replica.Amnesties())
	}
	if st := r.Status(start); st.Forgiven != 601 {
		t.Errorf("%d forgiven after one more", st.Forgiven)
	}
}

// Forgiven serials and amnesties have exactly one encoding, and none beyond what a replica would accept.
func TestSnapshotRefusesOtherEncodingsOfPassageData(t *testing.T) {
	f := revocationtest.NewFeed(start)
	f.Apply(start, forgive(indexed(1), 1), forgive(indexed(2), 2),
		amnesty(revocation.Station{}, startSecond, startSecond+1, 1), amnesty(revocation.Station{}, startSecond, startSecond+2, 1))
	s, _ := f.Replica.Snapshot("t", start)
	raw := s.Encode()
	body := raw[:len(raw)-32]
	const one, two = 6 + 8, 1 + 8 + 4 + 4 + 4
	end := len(body) - 2 // no day
	amnesties := end - 2*two - 4
	forgiven := amnesties - 2*one - 4
	if binary.BigEndian.Uint32(body[forgiven:]) != 2 || binary.BigEndian.Uint32(body[amnesties:]) != 2 {
		t.Fatal("the counts are elsewhere")
	}
	for name, change := range map[string]func(b []byte){
		"serials in descending order":   func(b []byte) { b[forgiven+4+5] = 9 },
		"a serial twice":                func(b []byte) { copy(b[forgiven+4+one:], b[forgiven+4:][:one]) },
		"a serial forgiven until 0":     func(b []byte) { b[forgiven+4+one-1] = 0 },
		"a time of 2^63":                func(b []byte) { b[forgiven+4+6] = 1 << 7 },
		"more serials than allowed":     func(b []byte) { binary.BigEndian.PutUint32(b[forgiven:], revocation.MaxForgiven+1) },
		"amnesties in descending order": func(b []byte) { b[amnesties+4+two-5] += 5 },
		"an amnesty twice":              func(b []byte) { copy(b[amnesties+4+two:], b[amnesties+4:][:two]) },
		"an amnesty without scopes":     func(b []byte) { b[amnesties+4] = 0 },
		"an amnesty of unknown scope":   func(b []byte) { b[amnesties+4+two] = 1 << 7 },
		"an amnesty that is too long":   func(b []byte) { b[end-4-3] += 8 },
		"an end after its declared one": func(b []byte) { b[end-1]++ },
		"an end before its beginning":   func(b []byte) { b[end-2]-- },
		"more amnesties than allowed":   func(b []byte) { binary.BigEndian.PutUint32(b[amnesties:], revocation.MaxAmnesties+1) },
	} {
		bad := slices.Clone(body)
		change(bad)
		if _, err := revocation.DecodeSnapshot(revocationtest.SealSnapshot(bad)); !errors.Is(err, revocation.ErrSnapshotForm) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := revocation.DecodeSnapshot(revocationtest.SealSnapshot(body)); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
}
