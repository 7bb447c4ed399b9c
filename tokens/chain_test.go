package tokens_test

import (
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// TestLinkIsValidInItsStepOnly shows, in every step of chains of every length, every
// link of the chain and the anchor.
func TestLinkIsValidInItsStepOnly(t *testing.T) {
	issuer := tokentest.NewIssuer(1)
	gate := tokens.Checker{Keys: issuer.Keys(), Passes: new(tokentest.Passes)}
	for length := 1; length <= tokens.MaxLength; length++ {
		s := issuer.OpenAs(tokens.Pass{
			Serial: tokens.Serial{Day: 20494, Index: uint32(length)}, Start: tokentest.Epoch,
			Expiry: tokentest.Epoch + tokens.CredentialLife,
			Period: tokens.Period, Length: uint8(length), Scopes: tokens.AllScopes,
		})
		if len(s.Links) != length {
			t.Fatalf("%d links in a chain of length %d", len(s.Links), length)
		}
		shown := append([]tokens.Link{s.Fields.Anchor}, s.Links...)
		for step := range length {
			now := int64(tokentest.Epoch + step*tokens.Period)
			for i, link := range shown {
				code := tokens.Assemble(&s.Pass, uint8(step), link)
				want := tokens.ReasonLink
				if i-1 == step {
					want = tokens.ReasonOK
				}
				if got := gate.Check(&code, now, tokens.Entry); got != want {
					t.Fatalf("length %d, step %d, link %d: %s, want %s", length, step, i-1, got, want)
				}
			}
		}
	}
}

// TestChainsOfOneSeedShareOnlyTheSeed varies serial and length. Both are hashed in, so
// links of one session are useless in another session of the same seed.
func TestChainsOfOneSeedShareOnlyTheSeed(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var seed tokens.Link
	for i := range seed {
		seed[i] = byte(random.Uint32())
	}
	seen := map[tokens.Link]bool{seed: true}
	add := func(link tokens.Link) {
		if seen[link] {
			t.Fatal("two chains share a link")
		}
		seen[link] = true
	}
	for _, serial := range []tokens.Serial{{Day: 1, Index: 2}, {Day: 2, Index: 1}, {Day: 1, Index: 2 << 8}} {
		for _, length := range []int{28, 29, 30} {
			anchor, links := tokens.Chain(seed, serial, length)
			if links[length-1] != seed {
				t.Error("the last link is not the seed")
			}
			add(anchor)
			for _, link := range links[:length-1] {
				add(link)
			}
		}
	}
	if len(seen) != 1+3*(28+29+30) {
		t.Errorf("%d different links, want %d", len(seen), 1+3*(28+29+30))
	}
}

func TestChainDependsOnSeed(t *testing.T) {
	serial := tokens.Serial{Day: 20494, Index: 1042}
	a, _ := tokens.Chain(tokens.Link{1}, serial, 30)
	b, _ := tokens.Chain(tokens.Link{1}, serial, 30)
	c, _ := tokens.Chain(tokens.Link{2}, serial, 30)
	if a != b || a == c {
		t.Error("equal seeds gave different anchors, or different seeds gave equal ones")
	}
}
