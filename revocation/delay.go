package revocation

// delayBounds are the upper bounds of the buckets of [Delay], ms.
var delayBounds = [...]int64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 60000}

// Delay is a histogram of the time from a record's origin, by the clock of its writer, to its effect here, by
// this gateway's clock. [Counts] has that of revocations, from their acceptance by the issuer. Records that were
// in the log before the gateway had caught up are not counted.
type Delay struct {
	Buckets [len(delayBounds) + 1]uint64 // the last bucket is for all longer times
	SumMS   int64
}

// Observe counts one record. A time below zero counts as zero, because the clocks differ.
func (d *Delay) Observe(ms int64) {
	ms = max(ms, 0)
	i := 0
	for i < len(delayBounds) && ms > delayBounds[i] {
		i++
	}
	d.Buckets[i]++
	d.SumMS += ms
}

// Add adds the records of another histogram.
func (d *Delay) Add(other *Delay) {
	for i, n := range other.Buckets {
		d.Buckets[i] += n
	}
	d.SumMS += other.SumMS
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
