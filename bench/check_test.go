package bench

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/railgate/railgate/gateway/passcache"
	"github.com/railgate/railgate/tokens"
)

func (c *corpus) passes() []tokens.SignedPass {
	passes := make([]tokens.SignedPass, len(c.codes))
	for i := range c.codes {
		passes[i] = c.codes[i].session.Pass
	}
	return passes
}

// shown returns the links of the first step, one for each pass.
func (c *corpus) shown() []tokens.Shown {
	shown := make([]tokens.Shown, len(c.codes))
	for i := range c.codes {
		shown[i] = tokens.Shown{Link: c.codes[i].session.Links[0]}
	}
	return shown
}

// onceShown is a cache that keeps the first link of every pass: a passenger who was scanned in the
// first minute and comes again at any step.
type onceShown struct {
	*passcache.Cache
	first tokens.Link
}

func (c *onceShown) Recall(p *tokens.SignedPass) (tokens.Shown, bool) {
	_, known := c.Cache.Recall(p)
	return tokens.Shown{Link: c.first}, known
}

func (c *onceShown) Remember(*tokens.SignedPass, tokens.Shown) {}

// BenchmarkCheckCached runs the whole check in process, from text to reason, for a pass in the
// cache: key, times, scope, revocation among 50 million serials, links, cache. ours hashes from the
// first link to the shown one, 14.5 on average; ours-shown-again knows the shown link and hashes
// none. The rival hashes 15.5.
func BenchmarkCheckCached(b *testing.B) {
	c, r := theCorpus(), theRevoked()
	b.Run("ours", func(b *testing.B) {
		passes := &onceShown{Cache: warmCache(b, c.passes(), c.shown())}
		checker := tokens.Checker{Keys: c.keys, Revocations: r.set, Passes: passes}
		var token tokens.Token
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s := &c.codes[i%codeCount]
			passes.first = s.session.Links[0]
			if token.ParseText(s.text) != tokens.ReasonOK || checker.Check(&token, now, tokens.Entry) != tokens.ReasonOK {
				b.Fatal("a valid code was refused")
			}
		}
	})
	b.Run("ours-shown-again", func(b *testing.B) {
		checker := tokens.Checker{Keys: c.keys, Revocations: r.set, Passes: warmCache(b, c.passes(), c.shown())}
		var token tokens.Token
		check := func(i int) bool {
			return token.ParseText(c.codes[i%codeCount].text) == tokens.ReasonOK && checker.Check(&token, now, tokens.Entry) == tokens.ReasonOK
		}
		for i := range codeCount {
			check(i)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if !check(i) {
				b.Fatal("a valid code was refused")
			}
		}
	})
	b.Run("plain-composed", func(b *testing.B) {
		gate, texts := newPlainGate(c.list, r.plain), c.texts()
		for i := range texts {
			if gate.check(texts[i], now, tokens.Entry) != tokens.ReasonOK {
				b.Fatal("a valid code was refused")
			}
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if gate.check(texts[i%codeCount], now, tokens.Entry) != tokens.ReasonOK {
				b.Fatal("a valid code was refused")
			}
		}
	})
}

// BenchmarkCheckNew is the same with passes that the cache has never seen: each is looked up
// without success, verified and remembered. After all codes the timer stops for a new, empty cache.
func BenchmarkCheckNew(b *testing.B) {
	c, r := theCorpus(), theRevoked()
	b.Run("ours", func(b *testing.B) {
		var cache *passcache.Cache
		var token tokens.Token
		checker := tokens.Checker{Keys: c.keys, Revocations: r.set}
		renew := func() {
			if cache != nil {
				cache.Close()
			}
			var err error
			if cache, err = passcache.New(cacheBytes); err != nil {
				b.Fatal(err)
			}
			checker.Passes = cache
		}
		renew()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i > 0 && i%codeCount == 0 {
				b.StopTimer()
				renew()
				b.StartTimer()
			}
			if token.ParseText(c.codes[i%codeCount].text) != tokens.ReasonOK || checker.Check(&token, now, tokens.Entry) != tokens.ReasonOK {
				b.Fatal("a valid code was refused")
			}
		}
		cache.Close()
	})
	b.Run("plain-composed", func(b *testing.B) {
		gate, texts := newPlainGate(c.list, r.plain), c.texts()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i > 0 && i%codeCount == 0 {
				b.StopTimer()
				gate.passes = newPlainPasses()
				b.StartTimer()
			}
			if gate.check(texts[i%codeCount], now, tokens.Entry) != tokens.ReasonOK {
				b.Fatal("a valid code was refused")
			}
		}
	})
}

// Both gates give the same answer to valid, damaged and revoked codes, at valid and invalid times
// and for every scope, and every reason for a code occurs.
func TestGatesAgree(t *testing.T) {
	c, r := theCorpus(), theRevoked()
	random := rand.New(rand.NewPCG(9, 10))
	ours := tokens.Checker{Keys: c.keys, Revocations: r.set, Passes: warmCache(t, c.passes(), c.shown())}
	plain := newPlainGate(c.list, r.plain)
	seen := map[tokens.Reason]int{}
	for range 4000 {
		text, at, scope := randomScan(random, c, r)
		var token tokens.Token
		mine := token.ParseText(text)
		if mine == tokens.ReasonOK {
			mine = ours.Check(&token, at, scope)
		}
		if theirs := plain.check(string(text), at, scope); mine != theirs {
			t.Fatalf("text %q at %d for %s: ours %s, plain %s", text, at, scope, mine, theirs)
		}
		seen[mine]++
	}
	for _, reason := range tokens.Reasons() {
		switch {
		case reason == tokens.ReasonInternal, reason == tokens.ReasonNoData, reason == tokens.ReasonStaleData,
			reason >= tokens.ReasonScanTime, reason == tokens.ReasonKeyRetired:
			continue // not for codes; and the plain gate has no cutoffs
		}
		if seen[reason] == 0 {
			t.Errorf("no code had the reason %s", reason)
		}
	}
}

// randomScan returns a random scan of a code.
func randomScan(random *rand.Rand, c *corpus, r *revoked) (text []byte, at int64, scope tokens.Scope) {
	s := &c.codes[random.IntN(len(c.codes))]
	text, at, scope = bytes.Clone(s.text), now, tokens.Scope(1)<<random.IntN(7)
	switch random.IntN(7) {
	case 0:
		text = damage(random, s)
	case 1:
		at += random.Int64N(7200) - 3600
	case 2:
		at += random.Int64N(4*86400) - 2*86400
	case 3: // around the time limits, to the second
		at += random.Int64N(250) - 125
	case 4: // revoked: the body names another credential, so only the order of the checks decides
		for _, serial := range r.serials {
			if serial.Day == s.code.Serial().Day {
				raw := bytes.Clone(s.code.Bytes())
				binary.BigEndian.PutUint32(raw[5:], serial.Index)
				text = plainText(raw)
				break
			}
		}
	case 6: // a closed session: the body names its serial, so only the order of the checks decides
		for _, session := range theClosed().sessions {
			if session.serial.Day == s.code.Serial().Day && session.start == s.code.Start() {
				raw := bytes.Clone(s.code.Bytes())
				binary.BigEndian.PutUint32(raw[5:], session.serial.Index)
				text = plainText(raw)
				break
			}
		}
	case 5: // fewer scopes than requested, and an invalid signature
		raw := bytes.Clone(s.code.Bytes())
		raw[27] = byte(1 + random.IntN(127))
		text = plainText(raw)
	}
	return text, at, scope
}
