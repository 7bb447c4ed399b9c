package gateway_test

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/gateway"
	"github.com/railgate/railgate/gateway/overload"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// signer signs as gateway 7.
type signer ed25519.PrivateKey

func (s signer) ID() revocation.GatewayID { return 7 }
func (s signer) Sign(message []byte) [64]byte {
	return [64]byte(ed25519.Sign(ed25519.PrivateKey(s), message))
}

// Gateway implements [bundle.GatewayKeys].
func (s signer) Gateway(id revocation.GatewayID) (revocation.GatewayKey, bool) {
	return revocation.GatewayKey{Public: [32]byte(ed25519.PrivateKey(s).Public().(ed25519.PublicKey)), Cutoff: tokens.Never}, id == 7
}

func withReceipts() (setup, signer) {
	key := signer(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	return setup{gate: gateway.DeviceEntry{Receipts: true}, Config: gateway.Config{Signer: key}}, key
}

func openReceipt(t *testing.T, key signer, text string) *bundle.Receipt {
	t.Helper()
	raw, err := bundle.ReceiptText.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.OpenReceipt(raw, key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A receipt says what the verdict said, and is signed.
func TestReceiptProvesTheVerdict(t *testing.T) {
	for _, c := range scans {
		p, key := withReceipts()
		if c.setup != nil {
			p.replica = c.setup().replica
		}
		s := start(t, p)
		if c.before != nil {
			c.before(s)
		}
		code := c.code(s)
		a := s.send("POST", "/v1/check?receipt=1&scope="+c.scope, "Bearer "+gateDevice, code)
		v := a.verdict(t)
		var u usage
		if err := json.Unmarshal(a.body, &u); err != nil {
			t.Fatal(err)
		}
		r := openReceipt(t, key, u.Receipt)
		decision := map[bool]bundle.Decision{true: bundle.Allowed}[v.Reason == "ok"]
		scope, _ := tokens.ParseScope([]byte(c.scope))
		want := bundle.Receipt{Gateway: 7, Code: bundle.HashCode([]byte(code)), Scope: scope, Decision: decision, Reason: c.reason,
			Scanned: s.clock.Load(), Judged: s.clock.Load(), Watermark: v.Revocation.WatermarkMS, Device: "gate-1"}
		if *r != want {
			t.Errorf("%s: %+v, want %+v", c.reason, *r, want)
		}
		// The rest of the answer is that of a check without a receipt.
		if plain := s.check(c.scope, code).verdict(t); plain.Reason != v.Reason || plain.Serial != v.Serial {
			t.Errorf("%s: without a receipt %s", c.reason, plain.Reason)
		}
	}
	p, key := withReceipts()
	s := start(t, p)
	s.clock.Add(60_000) // flagged as stale
	_, _, u := s.scan(gateDevice, "scope=entry&receipt=1", s.goodCode(7))
	if r := openReceipt(t, key, u.Receipt); r.Decision != bundle.Flagged || r.Reason != "ok" {
		t.Errorf("%+v", r)
	}
	if n := s.count("railgate_receipts_total"); n != 1 {
		t.Errorf("%v receipts counted", n)
	}
}

// In a batch each verdict has its own receipt, with the time of its scan, whatever text was read.
func TestReceiptsOfABatch(t *testing.T) {
	p, key := withReceipts()
	s := start(t, p)
	list := []scanned{s.scanAt(7, now-5000), {"https://example.com/\"\\", now - 3000}, s.scanAt(8, now)}
	a := s.send("POST", "/v1/checks?scope=onboard&receipt=1", "Bearer "+gateDevice, bodyOf(list...))
	var read struct{ Verdicts []usage }
	if err := json.Unmarshal(a.body, &read); err != nil || len(read.Verdicts) != 3 {
		t.Fatalf("%v in %s", err, a.body)
	}
	for i, reason := range []string{"ok", "malformed", "ok"} {
		r := openReceipt(t, key, read.Verdicts[i].Receipt)
		if r.Code != bundle.HashCode([]byte(list[i].Code)) || r.Scanned != list[i].AtMS || r.Judged != now || r.Reason != reason {
			t.Errorf("scan %d: %+v", i, r)
		}
	}
}

// Receipts are the first that overload sheds.
func TestOverloadShedsReceiptsFirst(t *testing.T) {
	p, _ := withReceipts()
	p.configure = func(g *gateway.Gateway) { g.PinOverload(overload.Busy) }
	s := start(t, p)
	s.expectProblem("overloaded", func() answer {
		return s.send("POST", "/v1/check?scope=entry&receipt=1", "Bearer "+gateDevice, s.goodCode(7))
	})
	if v := s.check("entry", s.goodCode(7)).verdict(t); v.Reason != "ok" {
		t.Error(v.Reason)
	}
}
