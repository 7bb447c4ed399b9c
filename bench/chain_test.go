package bench

import (
	"testing"

	"github.com/railgate/railgate/tokens"
)

// firstLinkOnly reports every pass as known, with the link of step 0 as the newest one: a check
// then ends where the chain does. It is only for benchmarks of the chain.
type firstLinkOnly struct{ link tokens.Link }

func (f *firstLinkOnly) Recall(*tokens.SignedPass) (tokens.Shown, bool) {
	return tokens.Shown{Link: f.link}, true
}
func (f *firstLinkOnly) Remember(*tokens.SignedPass, tokens.Shown) {}

// BenchmarkChain hashes from the shown link to that of step 0, 14.5 links on average. The Checker
// also looks up the key and checks times and scope, with every signature taken as verified and
// nothing revoked. The rival only hashes, and one link more, to the anchor.
func BenchmarkChain(b *testing.B) {
	c := theCorpus()
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		var passes firstLinkOnly
		checker := tokens.Checker{Keys: c.keys, Passes: &passes}
		for i := 0; b.Loop(); i++ {
			passes.link = c.codes[i%codeCount].session.Links[0]
			if checker.Check(&c.codes[i%codeCount].code, now, tokens.Entry) != tokens.ReasonOK {
				b.Fatal("a valid link was refused")
			}
		}
	})
	b.Run("plain-sha256-new", func(b *testing.B) {
		parsed := c.plainTokens(b)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if !parsed[i%codeCount].plainLinkHolds() {
				b.Fatal("a valid link was refused")
			}
		}
	})
}

func (c *corpus) plainTokens(tb testing.TB) []*plainToken {
	parsed := make([]*plainToken, len(c.codes))
	for i := range c.codes {
		t, reason := plainParse(string(c.codes[i].text))
		if reason != tokens.ReasonOK {
			tb.Fatalf("code %d: the plain parser answers %s", i, reason)
		}
		parsed[i] = t
	}
	return parsed
}

// The correct link, a link with a flipped bit, and the correct link in a wrong step.
func TestChainsAgree(t *testing.T) {
	c := theCorpus()
	var passes firstLinkOnly
	checker := tokens.Checker{Keys: c.keys, Passes: &passes}
	for i := range c.codes[:1000] {
		s := &c.codes[i].session
		passes.link = s.Links[0]
		step := int(c.codes[i].code.Step())
		flipped := s.Links[step]
		flipped[i%16] ^= 1 << (i / 16 % 8)
		for _, try := range []struct {
			link  tokens.Link
			valid bool
		}{{s.Links[step], true}, {flipped, false}, {s.Links[(step+1)%tokens.Length], false}} {
			code := tokens.Assemble(&s.Pass, uint8(step), try.link)
			ours := checker.Check(&code, now, tokens.Entry)
			plain, reason := plainParse(code.Text())
			if reason != tokens.ReasonOK {
				t.Fatalf("code %d: the plain parser answers %s", i, reason)
			}
			want := tokens.ReasonLink
			if try.valid {
				want = tokens.ReasonOK
			}
			if ours != want || plain.plainLinkHolds() != try.valid {
				t.Errorf("code %d: ours %s, plain %v, want %s", i, ours, plain.plainLinkHolds(), want)
			}
		}
	}
}
