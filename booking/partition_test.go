package booking_test

import (
	"fmt"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
)

// Issuers and gateways of different releases must agree: these numbers never change.
func TestPartitionsOfKnownStations(t *testing.T) {
	for name, want := range map[string]int{"北京南": 0, "上海虹桥": 4, "Marked South": 5} {
		if got := booking.Partition(revocation.StationOf(name), 6); got != want {
			t.Errorf("%s is in partition %d of 6, want %d", name, got, want)
		}
	}
}

// Three thousand stations spread over the partitions: none has more than 1.3 times its share.
func TestStationsSpreadOverPartitions(t *testing.T) {
	const stations, partitions = 3000, 12
	var count [partitions]int
	for i := range stations {
		count[booking.Partition(revocation.StationOf(fmt.Sprintf("station %d", i)), partitions)]++
	}
	for p, n := range count {
		if n > stations/partitions*13/10 {
			t.Errorf("partition %d has %d of %d stations", p, n, stations)
		}
	}
}
