package fixedkey

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/program"
)

// TestKernelStepsAddPoints runs the steps of the eight-lane kernel in plain Go, on any
// processor, and compares the sums with additions of the Scalar form: per lane, and of
// all lanes joined. The entries include neighbours, negatives and the neutral element.
func TestKernelStepsAddPoints(t *testing.T) {
	const width = 5
	b := basePoint()
	table, laneTable := newTable(&b, width), newLaneTable(&b, width)
	random := rand.New(rand.NewPCG(61, 62))
	k := program.New()
	for trial := range 60 {
		rows := make([][lanes.Count]program.Addition, 1+random.IntN(6))
		var want [lanes.Count]point
		var all point
		for i := range rows {
			for lane := range rows[i] {
				n, sign := random.IntN(len(table.entries)), uint32(random.IntN(2))
				if random.IntN(3) == 0 {
					n %= 3 // 0, 1 or 2 times the base point: often equal or opposite
				}
				rows[i][lane] = program.Addition{Entry: (*[16]uint64)(&laneTable.entries[n]), Negate: uint8(sign)}
				e := &table.entries[n]
				if i == 0 {
					want[lane].start(e, sign)
				} else {
					want[lane].add(e, sign)
				}
				if i == 0 && lane == 0 {
					all.start(e, sign)
				} else {
					all.add(e, sign)
				}
			}
		}
		for _, join := range []bool{false, true} {
			sum, err := k.AddUp(rows, join)
			if err != nil {
				t.Fatal(err)
			}
			sums := lanes.Sums(sum[:layout.T])
			for lane := range lanes.Count {
				wanted := &want[lane]
				if join {
					if lane > 0 {
						break
					}
					wanted = &all
				}
				var got point
				if join {
					sums.All(&got.x, &got.y, &got.z)
				} else {
					got.x, got.y, got.z = sums.X().Lane(lane), sums.Y().Lane(lane), sums.Z().Lane(lane)
				}
				if got.encoding() != wanted.encoding() {
					t.Fatalf("trial %d, %d rows, lane %d, joined %v: the points differ", trial, len(rows), lane, join)
				}
			}
		}
	}
}

// encoding returns the encoding of RFC 8032 section 5.1.2.
func (p *point) encoding() (r [32]byte) {
	var a affine
	normalise([]point{*p}, func(_ int, q *affine) { a = *q })
	x, y := a.x, a.y
	fp25519.Modp(&x)
	fp25519.Modp(&y)
	r = y
	r[31] |= x[0] & 1 << 7
	return r
}

// TestAddressesMatchTheDigits compares all ways to compute addresses, at every width.
func TestAddressesMatchTheDigits(t *testing.T) {
	if !lanes.Supported() {
		t.Skip("this processor has no AVX-512 IFMA")
	}
	b := basePoint()
	random := rand.New(rand.NewPCG(63, 64))
	l := number(order[:])
	for width := uint(4); width <= 12; width++ {
		table := newLaneTable(&b, width)
		other := newLaneTable(&b, width)
		for trial := range 300 {
			var scalars lanes.Scalars
			var tables lanes.Words
			var want [lanes.Count][maxWindows]uint64
			for lane := range lanes.Count {
				n := below(random, l)
				switch (trial + lane) % 16 {
				case 0:
					n.SetInt64(int64(lane))
				case 1:
					n.Sub(l, big.NewInt(int64(1+lane)))
				case 2:
					n.Lsh(big.NewInt(1), uint(random.IntN(252)))
				}
				w := words(n)
				s := [4]uint64(w[:4])
				of := table
				if lane%2 == 1 {
					of = other
				}
				of.addressesPlain(want[lane][:], &s)
				var got [layout.SplitWindows]uint64
				of.addresses(got[:], &s)
				if [maxWindows]uint64(got[:maxWindows]) != want[lane] {
					for i := of.windows; i < maxWindows; i++ { // beyond the last window: the neutral entry or 0
						if got[i] == lanes.Address(&of.entries[0]) {
							got[i] = 0
						}
					}
					if [maxWindows]uint64(got[:maxWindows]) != want[lane] {
						t.Fatalf("width %d, scalar %x: addresses\n%x, want\n%x", width, n, got, want[lane])
					}
				}
				scalars.Set(lane, of.biased(&s))
				tables[lane] = lanes.Address(&of.entries[0])
			}
			var rows [maxWindows * lanes.Count]uint64
			table.split.Rows(rows[:], &scalars, &tables)
			for i := range table.windows {
				for lane := range lanes.Count {
					if got := rows[i*lanes.Count+lane]; got != want[lane][i] {
						t.Fatalf("width %d: window %d of lane %d is at %x, want %x", width, i, lane, got, want[lane][i])
					}
				}
			}
		}
	}
}
