package bench

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/tokens"
)

// BenchmarkParseText parses the text of a code and checks its form.
func BenchmarkParseText(b *testing.B) {
	c := theCorpus()
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		var token tokens.Token
		for i := 0; b.Loop(); i++ {
			if token.ParseText(c.codes[i%codeCount].text) != tokens.ReasonOK {
				b.Fatal("a valid code was refused")
			}
		}
	})
	b.Run("plain-base45-binary", func(b *testing.B) {
		texts := c.texts()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, reason := plainParse(texts[i%codeCount]); reason != tokens.ReasonOK {
				b.Fatal("a valid code was refused")
			}
		}
	})
}

// texts returns strings for the plain parser, which then needs no conversion.
func (c *corpus) texts() []string {
	texts := make([]string, len(c.codes))
	for i := range c.codes {
		texts[i] = string(c.codes[i].text)
	}
	return texts
}

// For valid codes and ten damaged forms of each, both parsers give the same reason, and read
// accepted codes alike.
func TestParsersAgree(t *testing.T) {
	c := theCorpus()
	random := rand.New(rand.NewPCG(7, 8))
	seen := map[tokens.Reason]int{}
	for i := range c.codes {
		compareParsers(t, c.codes[i].text, seen)
		for range 10 {
			compareParsers(t, damage(random, &c.codes[i]), seen)
		}
	}
	for _, reason := range []tokens.Reason{tokens.ReasonOK, tokens.ReasonMalformed, tokens.ReasonVersion} {
		if seen[reason] < 100 {
			t.Errorf("%d texts had the reason %s: too few to compare", seen[reason], reason)
		}
	}
}

func compareParsers(t *testing.T, text []byte, seen map[tokens.Reason]int) {
	t.Helper()
	var token tokens.Token
	ours := token.ParseText(text)
	parsed, plain := plainParse(string(text))
	seen[ours]++
	if ours != plain {
		t.Fatalf("text %q: ours %s, plain %s", text, ours, plain)
	}
	if ours != tokens.ReasonOK {
		return
	}
	f := token.Fields()
	if !bytes.Equal(token.Bytes(), parsed.raw) || uint16(f.Key) != parsed.Key || f.Serial != (tokens.Serial{Day: parsed.Day, Index: parsed.Index}) ||
		f.Subject != parsed.Subject || f.Start != int64(parsed.Start) || f.Expiry != int64(parsed.Expiry) || f.Period != parsed.Period ||
		f.Length != parsed.Length || uint8(f.Scopes) != parsed.Scopes || f.Anchor != parsed.Anchor || token.Step() != int64(parsed.Step) {
		t.Fatalf("text %q is read differently", text)
	}
}

// damage changes a code's text, or one byte of its binary form.
func damage(random *rand.Rand, s *shown) []byte {
	text := bytes.Clone(s.text)
	switch random.IntN(8) {
	case 0:
		return text[:random.IntN(len(text))]
	case 1:
		return append(text, plainAlphabet[random.IntN(45)])
	case 2:
		text[random.IntN(len(text))] = byte(random.IntN(256))
		return text
	case 3:
		text[random.IntN(4)] = "RG1:029rg;"[random.IntN(10)]
		return text
	}
	raw := bytes.Clone(s.code.Bytes())
	raw[random.IntN(len(raw))] ^= 1 << random.IntN(8)
	return plainText(raw)
}
