package bundle_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/revocation/revocationtest"
)

var gate7 = bundletest.NewGate(7)

func sample() []byte { return bundletest.Sign(bundletest.Head(at), bundletest.Sample(gate7), gate7) }

func open(t testing.TB, raw []byte) *bundle.Bundle {
	t.Helper()
	b, err := bundle.Open(raw, revocationtest.Pinned(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Writing, reading and writing again gives the same bytes.
func TestBundleHasOneEncoding(t *testing.T) {
	raw := sample()
	b := open(t, raw)
	if again := bundletest.Sign(b.Head, &b.Content, gate7); !bytes.Equal(again, raw) {
		t.Errorf("%d bytes became %d others", len(raw), len(again))
	}
	s, err := bundle.Encode(&b.Content)
	if err != nil {
		t.Fatal(err)
	}
	d, err := bundle.Sign(b.Head, s, gate7)
	if err != nil {
		t.Fatal(err)
	}
	streamed, err := io.ReadAll(d.Reader())
	if err != nil || !bytes.Equal(streamed, raw) || d.Size() != len(raw) {
		t.Errorf("streamed %d bytes, size %d, want %d: %v", len(streamed), d.Size(), len(raw), err)
	}
	later := b.Head
	later.MadeMS += 1000
	if other, err := bundle.Sign(later, s, gate7); err != nil || other.Tag() != d.Tag() {
		t.Errorf("the same content a second later has another tag: %v", err)
	}
	later.WatermarkMS++
	if other, err := bundle.Sign(later, s, gate7); err != nil || other.Tag() == d.Tag() {
		t.Errorf("a newer watermark has the same tag: %v", err)
	}
}

// A bundle that was altered in any bit, or cut or extended at any byte, is refused by a device.
func TestAlteredBundleIsRefused(t *testing.T) {
	raw := sample()
	refused := func(altered []byte, how string, at int) {
		t.Helper()
		s := bundle.NewStore(revocationtest.Pinned(), bundletest.Device)
		if err := s.Load(altered); err == nil {
			t.Errorf("%s at byte %d: accepted", how, at)
		} else if bundle.Code(err) == "" {
			t.Errorf("%s at byte %d: an error without a code: %v", how, at, err)
		}
		if _, ok := s.Head(); ok {
			t.Errorf("%s at byte %d: the store has a bundle", how, at)
		}
	}
	for i := range raw {
		altered := bytes.Clone(raw)
		altered[i] ^= 1 << (i % 8)
		refused(altered, "flipped", i)
		altered[i] = raw[i] ^ 0xff
		refused(altered, "inverted", i)
		refused(raw[:i], "cut", i)
		refused(append(bytes.Clone(raw[:i]), raw[i+1:]...), "removed", i)
	}
	refused(append(bytes.Clone(raw), 0), "extended", len(raw))
}

func TestBundleIsRefusedWithItsReason(t *testing.T) {
	other := bundletest.NewGate(8)
	signed := func(change func(h *bundle.Head, c *bundle.Content)) []byte {
		h, c := bundletest.Head(at), bundletest.Sample(gate7)
		change(&h, c)
		return bundletest.Sign(h, c, gate7)
	}
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"genuine":           {sample(), nil},
		"empty":             {nil, bundle.ErrForm},
		"a receipt":         {bundle.AppendReceipt(nil, newReceipt(), gate7), bundle.ErrForm},
		"a newer version":   {append([]byte("RGO2"), sample()[4:]...), bundle.ErrVersion},
		"too large":         {append([]byte("RGO1"), make([]byte, bundle.MaxBundle)...), bundle.ErrTooLarge},
		"another authority": {signed(func(h *bundle.Head, _ *bundle.Content) { h.Authority[0] ^= 1 }), bundle.ErrAuthority},
		"no announcement":   {signed(func(_ *bundle.Head, c *bundle.Content) { c.Proofs = c.Proofs[:1] }), bundle.ErrGatewayUnknown},
		"another gateway's": {bundletest.Sign(bundletest.Head(at), bundletest.Sample(gate7), other), bundle.ErrGatewayUnknown},
		"withdrawn": {signed(func(_ *bundle.Head, c *bundle.Content) {
			c.Proofs = append(c.Proofs, bundletest.Proof(3, gate7.Withdrawn(at/1000)))
		}), bundle.ErrGatewayWithdrawn},
		"withdrawn later": {signed(func(_ *bundle.Head, c *bundle.Content) {
			c.Proofs = append(c.Proofs, bundletest.Proof(3, gate7.Withdrawn(at/1000+1)))
		}), nil},
		"a forged proof":      {signed(func(_ *bundle.Head, c *bundle.Content) { c.Proofs[0] = forge(c.Proofs[0]) }), bundle.ErrProof},
		"proofs out of order": {signed(func(_ *bundle.Head, c *bundle.Content) { c.Proofs[0], c.Proofs[1] = c.Proofs[1], c.Proofs[0] }), bundle.ErrContradict},
		"a proof of nothing":  {signed(func(_ *bundle.Head, c *bundle.Content) { c.Proofs = append(c.Proofs, bundletest.Proof(3)) }), bundle.ErrContradict},
	} {
		if _, err := bundle.Open(c.raw, revocationtest.Pinned(), nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func forge(proof []byte) []byte {
	forged := bytes.Clone(proof)
	forged[len(forged)-1] ^= 1
	return forged
}

// The writer refuses what its reader would refuse.
func TestContentOutOfBoundsIsNotWritten(t *testing.T) {
	for name, change := range map[string]func(h *bundle.Head, c *bundle.Content){
		"no policy":                 func(_ *bundle.Head, c *bundle.Content) { c.Policy = nil },
		"no proofs":                 func(_ *bundle.Head, c *bundle.Content) { c.Proofs = nil },
		"no watermark":              func(h *bundle.Head, _ *bundle.Content) { h.WatermarkMS = 0 },
		"a watermark ahead":         func(h *bundle.Head, _ *bundle.Content) { h.WatermarkMS = at + 5001 },
		"since the future":          func(h *bundle.Head, _ *bundle.Content) { h.SinceMS = at + 1 },
		"unrevoked in a full one":   func(_ *bundle.Head, c *bundle.Content) { c.Unrevoked = c.Revoked },
		"a policy without device":   func(_ *bundle.Head, c *bundle.Content) { c.Policy.Device = "" },
		"stale after it expired":    func(_ *bundle.Head, c *bundle.Content) { c.Policy.StaleAfter = c.Policy.ExpiredAfter },
		"an unknown action":         func(_ *bundle.Head, c *bundle.Content) { c.Policy.Stale = 3 },
		"a window without passback": func(_ *bundle.Head, c *bundle.Content) { c.Policy.Passback = bundle.Off },
		"a session of no day":       func(_ *bundle.Head, c *bundle.Content) { c.Closed[0].Serial.Day += 2 },
		"a passage before the list": func(_ *bundle.Head, c *bundle.Content) { c.Passages.SinceMS = at },
		"a booking of another train": func(_ *bundle.Head, c *bundle.Content) {
			c.Bookings.Bodies = append(c.Bookings.Bodies, bundletest.Booking(bundletest.Session(7), "G102"))
		},
	} {
		h, c := bundletest.Head(at), bundletest.Sample(gate7)
		change(&h, c)
		s, err := bundle.Encode(c)
		if err == nil {
			_, err = bundle.Sign(h, s, gate7)
		}
		if err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// A withdrawal that a device has read once counts for all later bundles of that gateway, also for those that omit it.
func TestWithdrawalIsRemembered(t *testing.T) {
	other := bundletest.NewGate(8)
	s := bundle.NewStore(revocationtest.Pinned(), bundletest.Device)
	if err := s.Load(sample()); err != nil {
		t.Fatal(err)
	}
	c := bundletest.Sample(other)
	c.Proofs = append(c.Proofs, bundletest.Proof(3, gate7.Withdrawn(at/1000+10)))
	if err := s.Load(bundletest.Sign(bundletest.Head(at+1000), c, other)); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(bundletest.Sign(bundletest.Head(at+20_000), bundletest.Sample(gate7), gate7)); !errors.Is(err, bundle.ErrGatewayWithdrawn) {
		t.Errorf("a bundle of the withdrawn gateway: %v", err)
	}
	if h, _ := s.Head(); h.MadeMS != at+1000 {
		t.Errorf("the store has the bundle of %d", h.MadeMS)
	}
}
