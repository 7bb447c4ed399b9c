package revocation_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
)

// A gateway that starts without a snapshot is shown an old copy of the log. Signed
// it is, and the issuer behind it is alive; only the ratchet tells.
func TestAnOldCopyOfTheLogIsNotServedOn(t *testing.T) {
	h := boot(t, 1)
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start, revoke(serial), revoke(serial))
	ratchet := h.HighWaterMark("t")

	h = boot(t, 1)
	if !h.RequireHighWaterMark(ratchet, "t") {
		t.Fatal("the ratchet is not of this stream")
	}
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 1, 1, start+1, revoke(serial))
	h.state(start+1, revocation.Booting)
	if w := h.Status(start + 1).Waiting; len(w) != 1 || !strings.Contains(w[0], "has seen number 3 of epoch 1 before") {
		t.Fatalf("waiting for %q", w)
	}
	if again := h.HighWaterMark("t"); !slices.Equal(again.Marks, ratchet.Marks) {
		t.Fatalf("the ratchet went back to %+v", again.Marks)
	}
	h.send(revocation.Applied, 0, 1, 2, start+2, revoke(serial))
	h.state(start+2, revocation.Fresh)
}

func TestANewEpochPassesTheRatchet(t *testing.T) {
	h := boot(t, 1)
	h.RequireHighWaterMark(revocation.HighWaterMark{Authority: revocationtest.Pinned().ID(), Topic: "t", Marks: []revocation.Mark{{Epoch: 4, Next: 900}}}, "t")
	h.SetTargetOffset(0, 0)
	h.send(revocation.Applied, 0, 5, 1, start)
	h.state(start, revocation.Fresh)
}

// Marks of another authority are of another stream: a key that was leaked and
// used to drive the numbers up is recovered from by pinning a new one.
func TestMarksOfAnotherStreamAreIgnored(t *testing.T) {
	mine := revocation.HighWaterMark{Authority: revocationtest.Pinned().ID(), Topic: "t", Marks: []revocation.Mark{{Epoch: 1 << 60, Next: 1}}}
	for name, change := range map[string]func(*revocation.HighWaterMark){
		"authority": func(r *revocation.HighWaterMark) { r.Authority[0] ^= 1 },
		"topic":     func(r *revocation.HighWaterMark) { r.Topic = "u" },
		"width":     func(r *revocation.HighWaterMark) { r.Marks = append(r.Marks, r.Marks...) },
	} {
		other := mine
		change(&other)
		h := boot(t, 1)
		if h.RequireHighWaterMark(other, "t") {
			t.Errorf("another %s: taken", name)
		}
		h.SetTargetOffset(0, 0)
		h.send(revocation.Applied, 0, 1, 1, start)
		h.state(start, revocation.Fresh)
	}
}

func TestADamagedRatchetIsRefused(t *testing.T) {
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

func FuzzDecodeRatchet(f *testing.F) {
	r := revocation.HighWaterMark{Topic: "t", Marks: []revocation.Mark{{3, 4}}}
	raw := r.Encode()
	f.Add(raw[:len(raw)-32])
	f.Fuzz(func(t *testing.T, body []byte) {
		sealed := revocationtest.SealSnapshot(body) // or the sum would keep the fuzzer out
		r, err := revocation.DecodeHighWaterMark(sealed)
		if err == nil && !bytes.Equal(r.Encode(), sealed) {
			t.Fatal("a ratchet has two spellings")
		}
	})
}
