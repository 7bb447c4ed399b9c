package bench

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// Inputs are many and different: one repeated code would train the branch predictor for its scalars
// and stay in the first cache. Every step of every key occurs equally often, so a code is 15.5
// links from its anchor on average.
const (
	keyCount  = 8
	perStep   = 32
	codeCount = keyCount * tokens.Length * perStep

	now = tokentest.Epoch // Unix seconds at which every code is shown
)

// shown is one code as a gate sees it at now.
type shown struct {
	session tokentest.Session
	code    tokens.Token // of the current step at now
	text    []byte       // of code
	first   tokens.Token // of step 0: one link, for benchmarks of other parts
}

// corpus contains the codes and the keys that signed them. None of its codes is revoked.
type corpus struct {
	codes []shown
	keys  *tokens.KeySet
	list  []tokens.Key
}

var theCorpus = sync.OnceValue(func() *corpus {
	random := rand.New(rand.NewPCG(1, 2))
	c := &corpus{}
	taken := map[tokens.Serial]bool{}
	for k := range keyCount {
		issuer := tokentest.NewIssuer(tokens.KeyID(100 + 37*k))
		key := issuer.Key()
		if err := key.Prepare(true); err != nil {
			panic("bench: " + err.Error())
		}
		c.list = append(c.list, key)
		for n := range tokens.Length * perStep {
			step := n % tokens.Length
			start := int64(now - step*tokens.Period - random.IntN(tokens.Period))
			approved := start - random.Int64N(tokens.CredentialLife-tokens.Period*tokens.Length)
			serial := tokens.Serial{Day: uint16(tokens.DayOf(approved)), Index: random.Uint32N(perDay)}
			for taken[serial] || theRevoked().set.Has(serial) {
				serial.Index = random.Uint32N(perDay)
			}
			taken[serial] = true
			s := issuer.OpenAs(tokens.Pass{Serial: serial, Start: start, Expiry: approved + tokens.CredentialLife,
				Period: tokens.Period, Length: tokens.Length, Scopes: tokens.AllScopes})
			code := s.Code(step)
			c.codes = append(c.codes, shown{session: s, code: code, text: code.AppendText(nil), first: s.Code(0)})
		}
	}
	random.Shuffle(len(c.codes), func(i, j int) { c.codes[i], c.codes[j] = c.codes[j], c.codes[i] })
	keys, err := tokens.NewKeySet(c.list...)
	if err != nil {
		panic("bench: " + err.Error())
	}
	c.keys = keys
	return c
})

// The package and its README promise these properties of the inputs.
func TestInputsAreManyAndDifferent(t *testing.T) {
	c := theCorpus()
	texts, keys, steps := map[string]bool{}, map[tokens.KeyID]int{}, map[int64]int{}
	for i := range c.codes {
		texts[string(c.codes[i].text)] = true
		keys[c.codes[i].code.KeyID()]++
		steps[c.codes[i].code.Step()]++
	}
	if len(texts) < 4096 || len(texts) != len(c.codes) {
		t.Errorf("%d different texts among %d codes, want all different and at least 4096", len(texts), len(c.codes))
	}
	if len(keys) < 4 {
		t.Errorf("%d keys, want at least 4", len(keys))
	}
	for step := range int64(tokens.Length) {
		if steps[step] != codeCount/tokens.Length {
			t.Errorf("step %d occurs in %d codes, want %d", step, steps[step], codeCount/tokens.Length)
		}
	}
}

// TestMain prints further lines for the head of `go test -bench`, in the same form.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() != "" {
		fmt.Printf("go: %s\ncores: %d\n", runtime.Version(), runtime.NumCPU())
		if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
			fmt.Printf("kernel: %s\n", strings.TrimSpace(string(kernel)))
		}
	}
	os.Exit(m.Run())
}
