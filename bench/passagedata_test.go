package bench

import (
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// BenchmarkAmnesty queries what every scan at an entry or exit queries: without any amnesty, as on nearly
// every day, and with 100 of other stations and one of every station.
func BenchmarkAmnesty(b *testing.B) {
	at, station := int64(now), revocation.StationOf("北京南")
	for _, c := range []struct {
		name     string
		stations int
	}{{"none", 0}, {"101", 100}} {
		b.Run(c.name, func(b *testing.B) {
			f := revocationtest.NewFeed(at * 1000)
			declare := func(station revocation.Station) {
				f.Apply(at*1000, revocation.Record{Kind: revocation.KindAmnesty, Station: station, Scopes: tokens.Scopes(tokens.Exit), From: at, Until: at + 3600})
			}
			for i := range c.stations {
				declare(revocation.Station{1, byte(i)})
			}
			if c.stations > 0 {
				declare(revocation.Station{})
			}
			b.ReportAllocs()
			for b.Loop() {
				if f.Replica.Amnesty(station, tokens.Entry, at) {
					b.Fatal("covered")
				}
			}
		})
	}
}

// BenchmarkForgiven queries serials of which 10,000 are forgiven; a gate does so only when an earlier passage
// would refuse a scan.
func BenchmarkForgiven(b *testing.B) {
	const forgiven = 10_000
	at := int64(now)
	day := uint16(tokens.DayOf(at))
	f := revocationtest.NewFeed(at * 1000)
	records := make([]revocation.Record, 1000)
	for first := range forgiven / len(records) {
		for i := range records {
			index := uint32(2 * (first*len(records) + i))
			records[i] = revocation.Record{Kind: revocation.KindForgive, At: at * 1000, Serial: tokens.Serial{Day: day, Index: index}}
		}
		f.Apply(at*1000, records...)
	}
	b.ReportAllocs()
	found := 0
	for i := 0; b.Loop(); i++ {
		if f.Replica.Forgiven(tokens.Serial{Day: day, Index: uint32(i % (2 * forgiven))}) != 0 {
			found++
		}
	}
	if want := (b.N + 1) / 2; b.N > 2*forgiven && (found < want-forgiven || found > want+forgiven) {
		b.Fatalf("%d of %d serials are forgiven", found, b.N)
	}
}
