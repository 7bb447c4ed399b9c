package revocation_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// A gateway that starts without a snapshot is shown an old copy of the log. The copy is signed, and its
// issuer is alive; only the high-water mark detects it.
func TestOldCopyOfTheLogIsNotServed(t *testing.T) {
	h := newHarness(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start, revoke(serial), revoke(serial))
	mark := h.HighWaterMark("t")

	h = newHarness(t, 1)
	if !h.RequireHighWaterMark(mark, "t") {
		t.Fatal("the high-water mark is not of this stream")
	}
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start+1, revoke(serial))
	h.state(start+1, revocation.Booting)
	if w := h.Status(start + 1).Waiting; len(w) != 1 || !strings.Contains(w[0], "has seen number 3 of epoch 1: is it an old copy?") {
		t.Fatalf("waiting for %q", w)
	}
	if again := h.HighWaterMark("t"); !slices.Equal(again.Marks, mark.Marks) {
		t.Fatalf("the high-water mark moved back to %+v", again.Marks)
	}
	h.send(revocation.Applied, 0, 1, 2, start+2, revoke(serial))
	h.state(start+2, revocation.Fresh)
}

func TestNewEpochPassesTheHighWaterMark(t *testing.T) {
	h := newHarness(t, 1)
	h.RequireHighWaterMark(revocation.HighWaterMark{Authority: revocationtest.Pinned().ID(), Topic: "t", Marks: []revocation.Mark{{Epoch: 4, Next: 900}}}, "t")
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 5, 1, start)
	h.state(start, revocation.Fresh)
}

// Marks of another authority belong to another stream: pinning a new key is the recovery from a leaked key
// that was used to raise the numbers.
func TestMarksOfAnotherStreamAreIgnored(t *testing.T) {
	mine := revocation.HighWaterMark{Authority: revocationtest.Pinned().ID(), Topic: "t", Marks: []revocation.Mark{{Epoch: 1 << 60, Next: 1}}}
	for name, change := range map[string]func(*revocation.HighWaterMark){
		"authority": func(r *revocation.HighWaterMark) { r.Authority[0] ^= 1 },
		"topic":     func(r *revocation.HighWaterMark) { r.Topic = "u" },
		"width":     func(r *revocation.HighWaterMark) { r.Marks = append(r.Marks, r.Marks...) },
	} {
		other := mine
		change(&other)
		h := newHarness(t, 1)
		if h.RequireHighWaterMark(other, "t") {
			t.Errorf("another %s: accepted", name)
		}
		h.SetTargetOffset(0, 0)
		h.send(revocation.Applied, 0, 1, 1, start)
		h.state(start, revocation.Fresh)
	}
}

func TestDamagedHighWaterMarkIsRefused(t *testing.T) {
	r := revocation.HighWaterMark{Authority: [4]byte{1}, Topic: "t", Marks: []revocation.Mark{{3, 4}, {5, 6}}}
	raw := r.Encode()
	back, err := revocation.DecodeHighWaterMark(raw)
	if err != nil || back.Topic != "t" || !slices.Equal(back.Marks, r.Marks) {
		t.Fatalf("%+v, %v", back, err)
	}
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 0x10
		if _, err := revocation.DecodeHighWaterMark(bad); err == nil {
			t.Errorf("accepted with byte %d changed", i)
		}
		if _, err := revocation.DecodeHighWaterMark(raw[:i]); err == nil {
			t.Errorf("accepted when cut to %d bytes", i)
		}
	}
}

func FuzzDecodeHighWaterMark(f *testing.F) {
	r := revocation.HighWaterMark{Topic: "t", Marks: []revocation.Mark{{3, 4}}}
	raw := r.Encode()
	f.Add(raw[:len(raw)-32])
	f.Fuzz(func(t *testing.T, body []byte) {
		sealed := revocationtest.SealSnapshot(body) // otherwise the checksum would stop the fuzzer
		r, err := revocation.DecodeHighWaterMark(sealed)
		if err == nil && !bytes.Equal(r.Encode(), sealed) {
			t.Fatal("a high-water mark has two encodings")
		}
	})
}
