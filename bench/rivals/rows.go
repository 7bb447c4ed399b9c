package main

import "github.com/railgate/railgate/bench/measure"

// row is one row of the table.
type row struct {
	name, what  string
	ours, rival string // names of the sides; rival "": an absolute value
	unit        string // unit of the compared values
	benchmark   string // Go benchmark; "": httpcheck measures the row under its name
	// If times is true, the result is rival / ours and must be at least floor. Otherwise
	// it is ours / rival, or ours without a rival, and must be at most floor.
	times       bool
	floor, goal float64
	scale       float64 // factor from unit to shown for a row without a rival; 0: 1
	shown       string  // unit in the table
	noAllocs    bool    // ours must not allocate
}

var rows = []row{
	{name: "verify", what: "single verification, 4 keys in rotation, AVX-512 IFMA, against crypto/ed25519.Verify",
		ours: "Verify/ours-ifma", rival: "Verify/plain-crypto-ed25519", unit: "ns/op", benchmark: "Verify", times: true, floor: 15, goal: 24, noAllocs: true},
	{name: "verify-batch", what: "the same in batches of 64, per signature",
		ours: "Verify/ours-ifma-batch64", rival: "Verify/plain-crypto-ed25519", unit: "ns/op", benchmark: "Verify", times: true, floor: 30, goal: 45},
	{name: "tables", what: "memory of a key's tables, AVX-512 IFMA",
		ours: "Verify/ours-ifma", unit: "B/key", benchmark: "Verify", floor: 1, goal: 0.5, scale: 1.0 / (1 << 20), shown: " MiB"},
	{name: "verify-scalar", what: "single verification, 4 keys in rotation, scalar form, against crypto/ed25519.Verify",
		ours: "Verify/ours-scalar", rival: "Verify/plain-crypto-ed25519", unit: "ns/op", benchmark: "Verify", times: true, floor: 6, goal: 8, noAllocs: true},
	{name: "verify-scalar-batch", what: "the same in batches of 64, per signature",
		ours: "Verify/ours-scalar-batch64", rival: "Verify/plain-crypto-ed25519", unit: "ns/op", benchmark: "Verify", times: true, floor: 7, goal: 9},
	{name: "check", what: "complete check in process, pass cached, average step",
		ours: "CheckCached/ours", unit: "ns/op", benchmark: "CheckCached", floor: 1.8, goal: 1, scale: 1e-3, shown: " us", noAllocs: true},
	{name: "beyond", what: "the same check with ticket and passage, 500,000 bookings and a million passages in memory, against the check alone",
		ours: "CheckBeyond/ours", rival: "CheckBeyond/plain-code-only", unit: "ns/op", benchmark: "CheckBeyond", floor: 1.2, goal: 1.15, noAllocs: true},
	{name: "cached-noop", what: "HTTP on one core, pass cached: server CPU per request, against a no-op fasthttp handler with equal sizes",
		ours: "HTTPCached/ours", rival: "HTTPCached/plain-noop", unit: "cpu-ns/op", floor: 1.3, goal: 1.1},
	{name: "beyond-noop", what: "the same with tickets (none is held) and second use checked, both flagging",
		ours: "HTTPBeyond/ours", rival: "HTTPBeyond/plain-noop", unit: "cpu-ns/op", floor: 1.3, goal: 1.2},
	{name: "cached-nginx", what: "the same against nginx, Lua and an LRU cache of verified tokens",
		ours: "HTTPCached/ours", rival: "HTTPCached/nginx-lua-cache", unit: "cpu-ns/op", floor: 1, goal: 0.95},
	{name: "new", what: "HTTP on one core, every pass new, against fasthttp with golang-jwt (EdDSA)",
		ours: "HTTPNew/ours", rival: "HTTPNew/fasthttp-jwt", unit: "cpu-ns/op", times: true, floor: 5, goal: 8},
	{name: "batch", what: "batch endpoint, 256 codes, every pass new: tokens/s per core, against single requests",
		ours: "HTTPNew/ours-batch", rival: "HTTPNew/ours", unit: "cpu-ns/op", times: true, floor: 2, goal: 3},
	{name: "latency", what: "p99.9 at half of railgate's capacity, open loop, against the no-op handler at the same rate",
		ours: "HTTPLatency/ours", rival: "HTTPLatency/plain-noop", unit: "p99.9-us", floor: 2, goal: 1.3},
	{name: "memory", what: "memory per cached pass",
		ours: "PassCacheMemory", unit: "B/pass", benchmark: "PassCacheMemory", floor: 600, goal: 350, shown: " B"},
	{name: "pipelines", what: "1,000 connections that pipeline requests without a credential: p99 of honest checks at the same time, one core",
		ours: "HTTPPipelines/honest-flooded", unit: "p99-us", floor: 50, goal: 25, scale: 1e-3, shown: " ms"},
	{name: "unfinished", what: "7,500 unfinished batches of 128 KiB from one device: peak memory of the gateway",
		ours: "HTTPUnfinished/honest-flooded", unit: "rss-MiB", floor: 400, goal: 250, shown: " MiB"},
	{name: "flood", what: "honest and forged passes at twice the server's capacity; a separate table"},
}

func rowNames() (names []string) {
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

// result is the result of a row's samples.
type result struct {
	measure.Spread         // of the result
	ours, rival    float64 // medians in the row's unit
	allocs         float64
}

func (r *row) result(s *samples, want int) (t result, err error) {
	ours, err := s.rounds(r.ours, r.unit, want)
	if err != nil {
		return t, err
	}
	rival := make([]float64, want)
	for i := range rival {
		rival[i] = 1
	}
	if r.rival != "" {
		if rival, err = s.rounds(r.rival, r.unit, want); err != nil {
			return t, err
		}
	}
	if r.noAllocs {
		allocs, err := s.rounds(r.ours, "allocs/op", want)
		if err != nil {
			return t, err
		}
		for _, n := range allocs {
			t.allocs = max(t.allocs, n)
		}
	}
	t.ours, t.rival = measure.Median(ours), measure.Median(rival)
	t.Median = r.of(t.ours, t.rival)
	for i := range ours {
		f := r.of(ours[i], rival[i])
		if i == 0 || f < t.Lowest {
			t.Lowest = f
		}
		t.Highest = max(t.Highest, f)
	}
	return t, nil
}

func (r *row) of(ours, rival float64) float64 {
	scale := r.scale
	if scale == 0 {
		scale = 1
	}
	if r.times {
		ours, rival = rival, ours
	}
	return ours / rival * scale
}

// holds reports whether the result meets the bound.
func (r *row) holds(t result, bound float64) bool {
	if r.noAllocs && t.allocs > 0 {
		return false
	}
	if r.times {
		return t.Median >= bound
	}
	return t.Median <= bound
}
