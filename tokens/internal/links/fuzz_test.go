package links

import (
	"slices"
	"testing"
)

// FuzzBack reads a batch from the input, 24 bytes per chain, and compares all
// implementations: single and batch, with the assembly and without.
func FuzzBack(f *testing.F) {
	const size, most = 24, 70
	chain := []byte("sixteen byte linkserial\x1d\x00"[:size])
	chain[22], chain[23] = 29, 0
	f.Add(chain)
	f.Add(slices.Repeat(chain, 5))
	short := slices.Clone(chain)
	short[22] = 0
	f.Add(slices.Concat(chain, short, short, chain, short, chain, chain))
	f.Add(make([]byte, most*size))
	here := accelerated
	f.Fuzz(func(t *testing.T, in []byte) {
		defer func() { accelerated = here }()
		var given, want []Chain
		for b := range slices.Chunk(in[:min(len(in), most*size)/size*size], size) {
			c := Chain{Link: [16]byte(b), Serial: [6]byte(b[16:]), From: b[22], To: b[23]}
			given = append(given, c)
			c.Link = specified(c)
			want = append(want, c)
		}
		for _, accelerated = range []bool{false, here} {
			batch, single := slices.Clone(given), slices.Clone(given)
			BackAll(batch)
			for i := range single {
				c := &single[i]
				Back(&c.Link, &c.Serial, c.From, c.To)
			}
			if !slices.Equal(batch, want) || !slices.Equal(single, want) {
				t.Errorf("assembly %v: correct in a batch %v, one by one %v", accelerated, slices.Equal(batch, want), slices.Equal(single, want))
			}
		}
	})
}
