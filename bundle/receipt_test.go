package bundle_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

const at = bundletest.At

// keysOf returns the keys that the authority announced in one batch.
func keysOf(t testing.TB, records ...revocation.Record) *bundle.Keys {
	t.Helper()
	k, err := bundle.OpenKeys([][]byte{revocationtest.Seal(revocation.Batch{Epoch: 1, First: 1, IssuedAt: at}, records...)}, revocationtest.Pinned())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newReceipt() *bundle.Receipt {
	return &bundle.Receipt{Gateway: 7, Code: bundle.HashCode([]byte("RG1:CODE")), Scope: tokens.Entry, Decision: bundle.Denied,
		Reason: "already_used", Scanned: at + 60_000, Judged: at + 61_000, Watermark: at + 60_900, Device: "gate-17"}
}

func TestReceiptIsReadAsItWasWritten(t *testing.T) {
	g := bundletest.NewGate(7)
	keys := keysOf(t, g.Announced())
	for _, change := range []func(*bundle.Receipt){
		func(*bundle.Receipt) {},
		func(r *bundle.Receipt) { r.Decision, r.Reason = bundle.Allowed, "ok" },
		func(r *bundle.Receipt) { r.Decision, r.Reason = bundle.Flagged, "ok" },
		func(r *bundle.Receipt) { r.Watermark = 0 },
		func(r *bundle.Receipt) { r.Device = string(bytes.Repeat([]byte{'d'}, 64)) },
	} {
		want := newReceipt()
		change(want)
		raw := bundle.AppendReceipt([]byte("before"), want, g)
		got, err := bundle.OpenReceipt(raw[len("before"):], keys)
		if err != nil || *got != *want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
		if len(raw)-len("before") > bundle.MaxReceipt {
			t.Errorf("%d bytes", len(raw))
		}
	}
}

// A receipt that was altered in any bit or cut at any byte is refused.
func TestAlteredReceiptIsRefused(t *testing.T) {
	g := bundletest.NewGate(7)
	keys := keysOf(t, g.Announced(), bundletest.NewGate(7^1).Announced())
	raw := bundle.AppendReceipt(nil, newReceipt(), g)
	for i := range raw {
		for bit := range 8 {
			altered := bytes.Clone(raw)
			altered[i] ^= 1 << bit
			if r, err := bundle.OpenReceipt(altered, keys); err == nil {
				t.Errorf("bit %d of byte %d: accepted as %+v", bit, i, r)
			}
		}
		if _, err := bundle.OpenReceipt(raw[:i], keys); err == nil {
			t.Errorf("cut to %d bytes: accepted", i)
		}
	}
	if _, err := bundle.OpenReceipt(append(bytes.Clone(raw), 0), keys); !errors.Is(err, bundle.ErrReceiptForm) && !errors.Is(err, bundle.ErrReceiptSignature) {
		t.Errorf("a byte more: %v", err)
	}
}

func TestReceiptIsRefusedWithItsReason(t *testing.T) {
	g := bundletest.NewGate(7)
	announced := g.Announced()
	withdrawn := g.Withdrawn
	raw := bundle.AppendReceipt(nil, newReceipt(), g)
	newer := bytes.Clone(raw)
	newer[3] = '2'
	judged := newReceipt().Judged / 1000
	for name, c := range map[string]struct {
		raw  []byte
		keys *bundle.Keys
		want error
	}{
		"no gateway":           {raw, keysOf(t), bundle.ErrGatewayUnknown},
		"another gateway":      {raw, keysOf(t, bundletest.NewGate(8).Announced()), bundle.ErrGatewayUnknown},
		"another key":          {raw, keysOf(t, revocation.Record{Kind: revocation.KindAnnounceGateway, Gateway: 7, Public: bundletest.NewGate(8).Public()}), bundle.ErrReceiptSignature},
		"withdrawn before":     {raw, keysOf(t, announced, withdrawn(judged-1)), bundle.ErrGatewayWithdrawn},
		"withdrawn then":       {raw, keysOf(t, announced, withdrawn(judged)), bundle.ErrGatewayWithdrawn},
		"withdrawn afterwards": {raw, keysOf(t, announced, withdrawn(judged+1)), nil},
		"withdrawn twice":      {raw, keysOf(t, announced, withdrawn(judged+1), withdrawn(judged), withdrawn(judged+2)), bundle.ErrGatewayWithdrawn},
		"a newer version":      {newer, keysOf(t, announced), bundle.ErrReceiptVersion},
		"empty":                {nil, keysOf(t, announced), bundle.ErrReceiptForm},
		"magic alone":          {raw[:4], keysOf(t, announced), bundle.ErrReceiptForm},
		"a bundle's magic":     {append([]byte("RGO1"), raw[4:]...), keysOf(t, announced), bundle.ErrReceiptForm},
	} {
		if _, err := bundle.OpenReceipt(c.raw, c.keys); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The writer signs no receipt that its reader refuses.
func TestReceiptOutOfBoundsIsNotSigned(t *testing.T) {
	for name, change := range map[string]func(*bundle.Receipt){
		"no device":        func(r *bundle.Receipt) { r.Device = "" },
		"long device":      func(r *bundle.Receipt) { r.Device = string(make([]byte, 65)) },
		"no reason":        func(r *bundle.Receipt) { r.Reason = "" },
		"reason of words":  func(r *bundle.Receipt) { r.Reason = "already used" },
		"denied with ok":   func(r *bundle.Receipt) { r.Reason = "ok" },
		"allowed with no":  func(r *bundle.Receipt) { r.Decision = bundle.Allowed },
		"unknown decision": func(r *bundle.Receipt) { r.Decision, r.Reason = 3, "ok" },
		"no scope":         func(r *bundle.Receipt) { r.Scope = 0 },
		"two scopes":       func(r *bundle.Receipt) { r.Scope = tokens.Entry | tokens.Exit },
		"negative time":    func(r *bundle.Receipt) { r.Judged = -1 },
	} {
		r := newReceipt()
		change(r)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: signed", name)
				}
			}()
			bundle.AppendReceipt(nil, r, bundletest.NewGate(7))
		}()
	}
}

// Keys come from the authority alone, in whatever order its batches are read.
func TestKeysComeFromTheAuthorityAlone(t *testing.T) {
	g := bundletest.NewGate(7)
	seal := func(first uint64, issued int64, r revocation.Record) []byte {
		return revocationtest.Seal(revocation.Batch{Epoch: 1, First: first, IssuedAt: issued}, r)
	}
	first := seal(1, at, g.Announced())
	second := seal(2, at+1, revocation.Record{Kind: revocation.KindAnnounceGateway, Gateway: 7, Public: bundletest.NewGate(8).Public()})
	cutoff := seal(3, at+2, revocation.Record{Kind: revocation.KindWithdrawGateway, Gateway: 7, Cutoff: 99})
	other := seal(4, at+3, revocation.Record{Kind: revocation.KindRevoke, Serial: tokens.Serial{Day: 1}})
	for _, order := range [][][]byte{{first, second, cutoff, other}, {other, cutoff, second, first}, {cutoff, first, first, second}} {
		k, err := bundle.OpenKeys(order, revocationtest.Pinned())
		if err != nil {
			t.Fatal(err)
		}
		key, ok := k.Gateway(7)
		if !ok || key.Public != g.Public() || key.Cutoff != 99 {
			t.Errorf("gateway 7: %v %x, cutoff %d", ok, key.Public, key.Cutoff)
		}
		if n := len(k.Proofs()); n != 3 {
			t.Errorf("%d batches kept, want 3", n)
		}
	}
	forged := bytes.Clone(first)
	forged[len(forged)-1] ^= 1
	if _, err := bundle.OpenKeys([][]byte{first, forged}, revocationtest.Pinned()); !errors.Is(err, bundle.ErrProof) {
		t.Errorf("a forged batch: %v", err)
	}
	weak := keysOf(t, revocation.Record{Kind: revocation.KindAnnounceGateway, Gateway: 9, Public: [32]byte{1}})
	if _, ok := weak.Gateway(9); ok {
		t.Error("a weak key was accepted")
	}
}
