package revocation

// delayBounds are the upper bounds of the buckets of [Delay], ms.
var delayBounds = [...]int64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 60000}

// Delay is a histogram of the time from the issuer's acceptance of a revocation, by its clock, to its effect
// here, by this gateway's clock. Records that were in the log before the gateway had caught up are not
// counted.
type Delay struct {
	Buckets [len(delayBounds) + 1]uint64 // the last bucket is for all longer times
	SumMS   int64
}

func (d *Delay) observe(ms int64) {
	ms = max(ms, 0) // clocks differ
	i := 0
	for i < len(delayBounds) && ms > delayBounds[i] {
		i++
	}
	d.Buckets[i]++
	d.SumMS += ms
}

// Cumulative returns the histogram as Prometheus counts it: the number of records per upper bound in seconds,
// and the total.
func (d *Delay) Cumulative() (atMost map[float64]uint64, total uint64) {
	atMost = make(map[float64]uint64, len(delayBounds))
	for i, bound := range delayBounds {
		total += d.Buckets[i]
		atMost[float64(bound)/1000] = total
	}
	return atMost, total + d.Buckets[len(delayBounds)]
}
