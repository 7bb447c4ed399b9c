package booking

import (
	"strings"
	"sync/atomic"

	"github.com/railgate/railgate/revocation"
)

const (
	// maxStations bounds the stations that a table can number. Our choice: China has about 3,000.
	maxStations = 1<<16 - 1
	// maxLabels bounds the different trains, coaches and seats of a table. Our choice: a table of all stations
	// sees about 15,000.
	maxLabels = 1 << 18
)

// names numbers the stations and labels of a table, because few of them are in many bookings. Numbers start at 0 and
// are never reused. Readers take no lock. Table.mu guards the maps.
type names struct {
	stations atomic.Pointer[[]revocation.Station] // by number; elements are never changed
	labels   atomic.Pointer[[]string]

	stationNumbers map[revocation.Station]uint16
	labelNumbers   map[string]uint32
	labelBytes     int
}

func (n *names) init() {
	n.stations.Store(new([]revocation.Station))
	n.labels.Store(new([]string))
	n.stationNumbers, n.labelNumbers = map[revocation.Station]uint16{}, map[string]uint32{}
}

// station returns the number of a station, a new one if it has none; ok is false if there is no room.
func (n *names) station(s revocation.Station) (number uint16, ok bool) {
	if number, ok = n.stationNumbers[s]; ok {
		return number, true
	}
	all := *n.stations.Load()
	if len(all) >= maxStations {
		return 0, false
	}
	number = uint16(len(all))
	all = append(all, s) // in the unused capacity, which no reader looks at
	n.stations.Store(&all)
	n.stationNumbers[s] = number
	return number, true
}

// label returns the number of a label, a new one if it has none; ok is false if there is no room.
func (n *names) label(s string) (number uint32, ok bool) {
	if number, ok = n.labelNumbers[s]; ok {
		return number, true
	}
	all := *n.labels.Load()
	if len(all) >= maxLabels {
		return 0, false
	}
	number = uint32(len(all))
	s = strings.Clone(s) // it is a part of a body
	all = append(all, s)
	n.labels.Store(&all)
	n.labelNumbers[s] = number
	n.labelBytes += len(s)
	return number, true
}

// bytes returns about the memory of the names.
func (n *names) bytes() int {
	const perLabel, perStation = 2*16 + 64, 2*8 + 32 // slice and map
	return n.labelBytes + perLabel*len(n.labelNumbers) + perStation*len(n.stationNumbers)
}
