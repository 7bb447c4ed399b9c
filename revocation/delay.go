package revocation

// delayBounds are the upper bounds of Delay's buckets, ms.
var delayBounds = [...]int64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 60000}

// Delay is a histogram of how long revocations took from the issuer's
// acceptance, by its clock, to their effect here, by this gateway's. What was in
// the log before the gateway had caught up is no news and not in it.
type Delay struct {
	Buckets [len(delayBounds) + 1]uint64 // the last is for all that is longer
	SumMS   int64
}

func (d *Delay) note(ms int64) {
	ms = max(ms, 0) // clocks differ
	i := 0
	for i < len(delayBounds) && ms > delayBounds[i] {
		i++
	}
	d.Buckets[i]++
	d.SumMS += ms
}

// Cumulative is the histogram as Prometheus counts: how many records took at
// most so many seconds, by bound, and how many there are.
func (d *Delay) Cumulative() (atMost map[float64]uint64, total uint64) {
	atMost = make(map[float64]uint64, len(delayBounds))
	for i, bound := range delayBounds {
		total += d.Buckets[i]
		atMost[float64(bound)/1000] = total
	}
	return atMost, total + d.Buckets[len(delayBounds)]
}
